import { actFor } from "@steward/aws/tenant-fence";
import { rolloutIdSchema, tenantIdSchema } from "@steward/contracts/ids";
import { advanceRollout } from "@steward/control/advance-rollout";
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import { z } from "zod";
import { consume } from "./batch.ts";
import { createContext } from "./context.ts";

const context = createContext("dispatch");
const { log, services } = context;
const deps = {
  ...context,
  signer: services.signer("dispatch"),
  ringSsm: async (nodeIds: string[], rolloutId: string) => {
    const { failed } = await services.ring(nodeIds, rolloutId);
    // The heartbeat's answer names the run too: a doorbell that did not ring costs time, not the run.
    for (const part of failed) log("warn", "doorbell_failed", { rolloutId, ...part });
    return { failed: failed.flatMap((part) => part.nodeIds) };
  },
};
const schema = z.object({ tenantId: tenantIdSchema, rolloutId: rolloutIdSchema });

/** Messages of `rollouts`: takes each rollout as far as it goes. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema,
    log,
    // Ten results of one rollout are one reason to look at it.
    sameAs: ({ tenantId, rolloutId }) => `${tenantId} ${rolloutId}`,
    work: (message) => actFor(message.tenantId, () => advanceRollout(deps, message)),
  });
}
