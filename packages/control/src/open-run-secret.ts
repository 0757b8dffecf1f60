import { getRunSecret, replaceRunSecret } from "@steward/aws/records/run-secret";
import type { RunSecrets } from "@steward/aws/run-secrets";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { hasRole } from "@steward/contracts/roles";
import { resourceNames } from "@steward/contracts/names";
import { type openedRunSecretSchema, runSecretTimes } from "@steward/contracts/run-secret";
import { reduceRunSecret } from "@steward/core/run/reduce-run-secret";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { runSecretView } from "./run-secret-view.ts";

/**
 * Shows a secret to its recipient, once. That it was opened is written before it is read, so of two at once one is told
 * that it was opened; and an opening whose answer was lost is made again with the same key, by the same person.
 */
export async function openRunSecret(
  deps: Pick<Context, "table" | "nowMs" | "stage"> & { runSecrets: RunSecrets },
  caller: Caller,
  params: { taskId: string; runId: string; secretRef: string },
  body: { key: string },
): Promise<z.infer<typeof openedRunSecretSchema>> {
  const { tenantId } = caller;
  const key = { tenantId, runId: params.runId, ref: params.secretRef };
  const opened = await retryOnConflict(async () => {
    const secret = await getRunSecret(deps.table, key);
    // Before the run has ended there is nothing to see of it, for anybody.
    if (secret === undefined || secret.taskId !== params.taskId || secret.status === "stored")
      throw new AppError("not_found", "there is no such secret");
    const isFor =
      secret.recipientId === undefined ? hasRole(caller.role, "admin") : secret.recipientId === caller.principal.id;
    if (!isFor) {
      throw new AppError("forbidden", "this secret is for somebody else", {
        next: "Its recipient opens it: steward secrets open <task>",
      });
    }
    const nowMs = deps.nowMs();
    const next = reduceRunSecret(
      secret,
      { type: "open", by: caller.principal.id, keyHash: sha256Hex(body.key) },
      nowMs,
    );
    if (next === secret) return secret;
    await commit(deps.table, [
      replaceRunSecret(secret, next),
      audited(nowMs, {
        tenantId,
        who: caller.principal.id,
        what: "open-run-secret",
        record: secret.runId,
        before: secret,
        after: next,
        requestId: caller.requestId,
      }),
    ]);
    return next;
  });
  const value = await deps.runSecrets.read(resourceNames(deps.stage).runSecret(key));
  if (value === undefined) throw new AppError("expired", "the secret is gone");
  const againUntilMs = (opened.openedAtMs ?? 0) + runSecretTimes.againSeconds * 1000;
  return { ...runSecretView(opened), value, againUntil: new Date(againUntilMs).toISOString() };
}
