import { getRunSecret, replaceRunSecret, runSecretKey } from "@steward/aws/records/run-secret";
import type { RunSecrets } from "@steward/aws/run-secrets";
import { commit } from "@steward/aws/table";
import { resourceNames } from "@steward/contracts/names";
import { mayBeRemoved, reduceRunSecret } from "@steward/core/run/reduce-run-secret";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";

const who = "steward:reconcile";

/**
 * Takes a value away whose time is over: nobody opened it, or it was opened and its answer can be lost no more. First
 * nobody may open it any more, then it is deleted, then that is written down: killed anywhere, it is still due.
 */
export async function removeRunSecret(
  deps: Pick<Context, "table" | "nowMs" | "stage"> & { runSecrets: Pick<RunSecrets, "remove"> },
  due: { tenantId: string; id: string },
): Promise<void> {
  const nowMs = deps.nowMs();
  const key = runSecretKey(due.tenantId, due.id);
  let secret = await getRunSecret(deps.table, key);
  if (secret === undefined || (secret.dueAtMs ?? Number.POSITIVE_INFINITY) > nowMs) return;
  const trail = (what: string, before: object, after: object) =>
    audited(nowMs, { tenantId: due.tenantId, who, what, record: key.runId, before, after });
  const expired = reduceRunSecret(secret, { type: "expire" }, nowMs);
  if (expired !== secret) {
    await commit(deps.table, [replaceRunSecret(secret, expired), trail("expire-run-secret", secret, expired)]);
    secret = expired;
  }
  if (!mayBeRemoved(secret, nowMs)) return;
  await deps.runSecrets.remove(resourceNames(deps.stage).runSecret(key));
  const removed = reduceRunSecret(secret, { type: "removed" }, nowMs);
  if (removed !== secret)
    await commit(deps.table, [replaceRunSecret(secret, removed), trail("remove-run-secret", secret, removed)]);
}
