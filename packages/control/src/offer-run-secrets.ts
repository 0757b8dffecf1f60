import { listRunSecrets, replaceRunSecret } from "@steward/aws/records/run-secret";
import { getToken } from "@steward/aws/records/token";
import type { Write } from "@steward/aws/table";
import type { StepResult } from "@steward/contracts/run";
import { reduceRunSecret } from "@steward/core/run/reduce-run-secret";
import type { RunState } from "@steward/core/run/run-state";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";
import { loadTask } from "./load-task.ts";

/**
 * What becomes of the secrets of an attempt that has ended, in the transaction that says so: one that its step put in
 * force is offered to somebody; one of a step that was cut off is too, as *unsure*, because a password that may be in force
 * and that nobody can know would lock its owner out; all others are dropped.
 */
export async function offerRunSecrets(
  deps: Pick<Context, "table">,
  run: RunState,
  steps: readonly StepResult[],
  nowMs: number,
): Promise<Write[]> {
  const stored = (await listRunSecrets(deps.table, run)).filter(
    ({ status, attempt }) => status === "stored" && attempt === run.attempt,
  );
  if (stored.length === 0) return [];
  const recipientId = await recipientOf(deps, await loadTask(deps, run.tenantId, run.taskId));
  return stored.map((secret) => {
    const ended = steps[secret.step];
    const used = ended?.status !== "undone" && ended?.secrets?.includes(secret.name) === true;
    const unsure = !used && (ended === undefined || ended.status === "failed");
    const event =
      used || unsure
        ? { type: "offer" as const, unsure, ...(recipientId === undefined ? {} : { recipientId }) }
        : { type: "drop" as const };
    return replaceRunSecret(secret, reduceRunSecret(secret, event, nowMs));
  });
}

/** Whom the request named, or who made it, or who said yes to it. Undefined: any of the tenant's admins. */
async function recipientOf(deps: Pick<Context, "table">, task: TaskState): Promise<string | undefined> {
  if (task.recipientId !== undefined) return task.recipientId;
  const by = task.requestedBy.id;
  if (by.startsWith("per_")) return by;
  // A service token's secrets are its maker's.
  const token = by.startsWith("tok_") ? await getToken(deps.table, by) : undefined;
  return token?.createdBy ?? task.approval?.by;
}
