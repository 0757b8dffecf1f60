import { getConfig, getSignedConfig } from "@steward/aws/records/configuration";
import type { configAnswerSchema } from "@steward/contracts/appliance-config";
import { AppError } from "@steward/contracts/errors";
import type { z } from "zod";
import type { Context, NodeCaller } from "./context.ts";
import { sendAfterCommit } from "./send-later.ts";
import { isNearItsEnd } from "./sign-config.ts";
import { readTrust } from "./read-trust.ts";

/**
 * What an appliance is to keep to, signed. Its revision is its ETag: an appliance that has it gets the number alone. One
 * that is not signed yet, or whose signature is near its end or of a key that was given up, is signed now: whoever asks comes again in a moment
 * (`unavailable` with `Retry-After`), which also makes good for a message that was lost when it was changed.
 */
export async function fetchConfig(
  deps: Pick<Context, "table" | "nowMs" | "queues" | "log" | "trust">,
  node: NodeCaller,
  params: { nodeId: string },
  { have }: { have?: number | undefined },
): Promise<z.infer<typeof configAnswerSchema>> {
  if (params.nodeId !== node.nodeId) throw new AppError("not_found", `there is no appliance ${params.nodeId}`);
  const { tenantId, nodeId } = node;
  const [config, signed] = await Promise.all([
    getConfig(deps.table, { tenantId, nodeId }),
    getSignedConfig(deps.table, { tenantId, nodeId }),
  ]);
  const revision = config?.version ?? 0;
  if (revision === 0 || have === revision) return { revision };
  if (signed?.revision === revision && !isNearItsEnd(signed.expiresAtMs, deps.nowMs())) {
    const { document } = signed;
    const { keys } = readTrust(await deps.trust());
    // Otherwise the appliance, which has the same list, would refuse it for as long as it is good.
    if (keys.dispatch.some(({ keyId }) => keyId === document.keyId)) return { revision, document };
  }
  await sendAfterCommit(deps, "rollouts", { tenantId, configOf: nodeId }, tenantId);
  throw new AppError("unavailable", `revision ${revision} is not signed yet`, { retryAfterSeconds: 2 });
}
