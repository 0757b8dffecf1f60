import { AppError } from "@steward/contracts/errors";
import { defaultRollout, type RolloutParameters } from "@steward/contracts/plan";
import { allowedMsOf } from "../run/allowed-time.ts";
import type { TaskState } from "../task/task-state.ts";
import type { RolloutState } from "./rollout-state.ts";

/** A live rollout is looked at again after so long, whatever was lost meanwhile. */
export const lookAgainMs = 60_000;

/** A preview changes nothing: it is shown for all at once, and one that cannot be had keeps nobody from the others. */
function previewParameters({ maxConcurrency }: RolloutParameters): RolloutParameters {
  return { ...defaultRollout, maxConcurrency, errorBudget: { percent: 100 } };
}

/**
 * The rollout of a task's plan.
 * @throws AppError `invalid_transition` for a task without a plan
 */
export function newRollout(task: TaskState, rolloutId: string, nowMs: number): RolloutState {
  const { plan } = task;
  if (plan === undefined) throw new AppError("invalid_transition", "A task without a plan cannot be rolled out.");
  const nameOf = new Map(task.targets.map((target) => [target.id, target.name]));
  return {
    v: 1,
    version: 1,
    tenantId: task.tenantId,
    rolloutId,
    taskId: task.taskId,
    ...(task.requestId === undefined ? {} : { requestId: task.requestId }),
    status: "running",
    parameters: plan.mode === "check" ? previewParameters(plan.rollout) : plan.rollout,
    // A preview changes nothing, so it needs no waves: it has them for its hash, which is that of the change itself.
    ...(plan.waveOf === undefined || plan.mode === "check" ? {} : { waveOf: plan.waveOf }),
    ...(plan.steps.some((step) => step.undo !== "none") ? { undoable: true as const } : {}),
    mode: plan.mode,
    targets: plan.targets.map((id) => ({ id, name: nameOf.get(id) ?? id })),
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    expiresAtMs: plan.expiresAtMs,
    allowedMs: allowedMsOf(plan),
    dueAtMs: nowMs + lookAgainMs,
  };
}
