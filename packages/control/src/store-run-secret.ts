import { createRunSecret, getRunSecret } from "@steward/aws/records/run-secret";
import { commit } from "@steward/aws/table";
import type { RunSecrets } from "@steward/aws/run-secrets";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import { secretRefOf, type storeRunSecretSchema } from "@steward/contracts/run-secret";
import { newRunSecret } from "@steward/core/run/reduce-run-secret";
import type { RunState } from "@steward/core/run/run-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Context, NodeCaller } from "./context.ts";
import { loadOwnRun } from "./load-run.ts";
import { loadTask } from "./load-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/**
 * Keeps a secret that an appliance has made for a step, before the step uses it. The record comes first: a value that
 * nobody knows of would never be taken away. The same value again gets the same answer, whichever reply was lost; another
 * one is refused, for what is stored may be in force already.
 */
export async function storeRunSecret(
  deps: Pick<Context, "table" | "nowMs" | "stage"> & { runSecrets: RunSecrets },
  node: NodeCaller,
  params: { runId: string; secretName: string },
  body: z.infer<typeof storeRunSecretSchema>,
): Promise<void> {
  const run = await loadOwnRun(deps, node, params.runId);
  holdToCurrent(run, body);
  const task = await loadTask(deps, run.tenantId, run.taskId);
  const step = task.plan?.steps[body.step];
  const name = params.secretName;
  if (step?.generates?.includes(name) !== true || task.plan?.mode !== "apply") {
    throw new AppError("unprocessable", `the plan makes no secret ${name} in its step ${body.step + 1}`);
  }
  const { tenantId, runId } = run;
  const ref = secretRefOf({ attempt: body.attempt, step: body.step, name });
  await retryOnConflict(async () => {
    const known = await getRunSecret(deps.table, { tenantId, runId, ref });
    if (known?.status === "stored") return;
    if (known !== undefined) throw new AppError("invalid_transition", `the secret ${name} was ${known.status} already`);
    const nowMs = deps.nowMs();
    const made = newRunSecret(run, { step: body.step, name, action: step.action }, nowMs);
    await commit(deps.table, [
      createRunSecret(made),
      audited(nowMs, {
        tenantId,
        who: node.nodeId,
        what: "store-run-secret",
        record: runId,
        after: made,
        requestId: run.requestId ?? node.requestId,
      }),
    ]);
  });
  const full = resourceNames(deps.stage).runSecret({ tenantId, runId, ref });
  if (!(await deps.runSecrets.create(full, body.value))) {
    throw new AppError("idempotency_mismatch", `the secret ${name} of this step has another value already`);
  }
}

/** Of the attempt that runs now, by whoever started it. */
export function holdToCurrent(
  run: Pick<RunState, "attempt" | "ledgerId" | "status">,
  asked: { attempt: number; ledgerId: string },
): void {
  if (run.attempt !== asked.attempt || run.ledgerId !== asked.ledgerId) {
    throw new AppError("stale_attempt", "this is not the run's current attempt");
  }
  if (run.status !== "running" && run.status !== "unreachable") {
    throw new AppError("expired", `the run is ${run.status}: it has no secrets any more`);
  }
}
