import { actFor } from "@steward/aws/tenant-fence";
import { applianceIdSchema, rolloutIdSchema, tenantIdSchema } from "@steward/contracts/ids";
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
const schema = z.union([
  z.object({ tenantId: tenantIdSchema, rolloutId: rolloutIdSchema }),
  z.object({ tenantId: tenantIdSchema, configOf: applianceIdSchema }),
]);

/** Messages of `rollouts`: takes each rollout as far as it goes, and signs configurations with the same key. */
export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return consume(event, {
    schema,
    log,
    // Ten results of one rollout are one reason to look at it.
    sameAs: (message) => `${message.tenantId} ${"rolloutId" in message ? message.rolloutId : message.configOf}`,
    work: (message) =>
      actFor(message.tenantId, async () => {
        if ("rolloutId" in message) return advanceRollout(deps, message);
        const { signConfig } = await import("@steward/control/sign-config");
        return signConfig(deps, message);
      }),
  });
}
