import { actFor } from "@steward/aws/tenant-fence";
import { healthLevels } from "@steward/contracts/heartbeat";
import { nodeIdSchema, tenantIdSchema } from "@steward/contracts/ids";
import { noteFleetSilence, noteTransition } from "@steward/control/note-transition";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { z } from "zod";
import { consume } from "./batch.ts";
import { createContext } from "./context.ts";

const context = createContext("note-transitions");
/** A message says where to look, and whether the sweep has found the node offline. */
const schema = z.union([
  z.object({ tenantId: tenantIdSchema, nodeId: nodeIdSchema, level: z.enum(healthLevels), epoch: z.int() }),
  z.object({ tenantId: tenantIdSchema, fleet: z.literal("silence") }),
]);

/** Messages of `node-events`: brings nodes' records, and alerts, to what is so. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema,
    log: context.log,
    work: (message) =>
      actFor(message.tenantId, () =>
        "fleet" in message ? noteFleetSilence(context, message) : noteTransition(context, message),
      ),
    // Ten messages about one node are one look at it, and those about a fleet's silence, too. Each decision is its own.
    sameAs: (message) => {
      if ("fleet" in message) return message.tenantId;
      return message.level === "offline" ? `${message.nodeId} ${message.epoch}` : message.nodeId;
    },
  });
}
