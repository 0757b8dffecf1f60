import { actFor } from "@steward/aws/tenant-fence";
import { healthLevels } from "@steward/contracts/heartbeat";
import { nodeIdSchema, tenantIdSchema } from "@steward/contracts/ids";
import { noteTransition } from "@steward/control/note-transition";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { z } from "zod";
import { consume } from "./batch.ts";
import { createContext } from "./context.ts";

const context = createContext("note-transitions");
const schema = z.union([
  z.object({
    tenantId: tenantIdSchema,
    nodeId: nodeIdSchema,
    level: z.enum(healthLevels),
    epoch: z.number().int().nonnegative(),
  }),
  z.object({ tenantId: tenantIdSchema, fleet: z.literal("silence") }),
]);

/** Messages of `node-events`: writes health transitions into the nodes' records. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema,
    log: context.log,
    work: async (message) => {
      // A whole fleet's silence changes no node's record.
      if ("nodeId" in message) await actFor(message.tenantId, () => noteTransition(context, message));
    },
  });
}
