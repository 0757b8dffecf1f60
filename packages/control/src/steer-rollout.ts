import { getRollout, replaceRollout } from "@steward/aws/records/rollout";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { hasRole } from "@steward/contracts/roles";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { reduceRollout } from "@steward/core/rollout/reduce-rollout";
import type { RolloutEvent, RolloutState } from "@steward/core/rollout/rollout-state";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { loadTask } from "./load-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { sendAfterCommit } from "./send-later.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";

/*
 * What a person says about a rollout that runs or has run. Each may be said again after a lost reply: what was said
 * already changes nothing and is answered with the task as it is.
 */

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">;
interface Words {
  reason?: string | undefined;
}

/** Nothing more is sent; what was sent goes on. Throws `invalid_transition` where nothing is being rolled out. */
export function pauseTask(deps: Deps, caller: Caller, params: { taskId: string }, body: Words): Promise<TaskView> {
  const reason = body.reason === undefined ? {} : { reason: body.reason };
  return steer(deps, caller, params.taskId, "pause-task", { type: "pause", by: caller.principal.id, ...reason });
}

/** It goes on; a wave that waited for somebody's word has it. */
export function resumeTask(deps: Deps, caller: Caller, params: { taskId: string }): Promise<TaskView> {
  return steer(deps, caller, params.taskId, "resume-task", { type: "resume" });
}

function steer(
  deps: Deps,
  caller: Caller,
  taskId: string,
  what: string,
  event: Extract<RolloutEvent, { type: "pause" | "resume" }>,
): Promise<TaskView> {
  return retryOnConflict(async () => {
    const { task, rollout } = await loadBoth(deps, caller.tenantId, taskId);
    if (task.status !== "running" || rollout === undefined) throw nothingToSteer(task, event.type);
    const nowMs = deps.nowMs();
    const next = reduceRollout(rollout, event, nowMs);
    if (next !== rollout) {
      const { tenantId, rolloutId } = rollout;
      await commit(deps.table, [
        replaceRollout(rollout, next),
        audited(nowMs, {
          tenantId,
          who: caller.principal.id,
          what,
          record: task.taskId,
          before: rollout,
          after: next,
          requestId: caller.requestId,
        }),
      ]);
      await sendAfterCommit(deps, "rollouts", { tenantId, rolloutId }, tenantId);
    }
    return fullTaskView(deps, task);
  });
}

/** Once more where it failed, and where it therefore never came to, under the same approval. */
export function retryTask(deps: Deps, caller: Caller, params: { taskId: string }): Promise<TaskView> {
  return begin(deps, caller, params.taskId, { type: "retry", by: caller.principal.id });
}

/**
 * Takes back what the task has done, where its steps can be undone. What took a second person is not taken back by just
 * anybody: of a high risk, whoever asked may, and an approver. Throws `forbidden`.
 */
export function undoTask(deps: Deps, caller: Caller, params: { taskId: string }, body: Words): Promise<TaskView> {
  const reason = body.reason === undefined ? {} : { reason: body.reason };
  return begin(deps, caller, params.taskId, { type: "undo", by: caller.principal.id, ...reason });
}

function begin(
  deps: Deps,
  caller: Caller,
  taskId: string,
  event: { type: "retry"; by: string } | { type: "undo"; by: string; reason?: string },
): Promise<TaskView> {
  return retryOnConflict(async () => {
    const { task, rollout } = await loadBoth(deps, caller.tenantId, taskId);
    if (event.type === "undo") requireMayUndo(caller, task);
    if (isUnderWay(task, rollout, event.type)) return fullTaskView(deps, task);
    const { state, effects } = reduceTask(task, event, deps.nowMs());
    await storeTask(deps, {
      before: task,
      after: state,
      effects,
      who: caller.principal.id,
      what: `${event.type}-task`,
      requestId: caller.requestId,
    });
    return fullTaskView(deps, state);
  });
}

function requireMayUndo(caller: Caller, task: TaskState): void {
  if (task.plan?.risk !== "high" || hasRole(caller.role, "approver") || task.requestedBy.id === caller.principal.id)
    return;
  throw new AppError("forbidden", "its risk is high: whoever asked for it takes it back, or an approver", {
    next: "An approver undoes it; or ask for the opposite, which takes its own yes.",
  });
}

/** It was said already, and is being done. */
function isUnderWay(task: TaskState, rollout: RolloutState | undefined, said: "retry" | "undo"): boolean {
  if (task.status !== "running" || rollout?.round === undefined) return false;
  return said === "undo" ? rollout.operation === "undo" : rollout.operation === undefined;
}

async function loadBoth(deps: Deps, tenantId: string, taskId: string) {
  const task = await loadTask(deps, tenantId, taskId);
  const { rolloutId } = task;
  const rollout = rolloutId === undefined ? undefined : await getRollout(deps.table, { tenantId, rolloutId });
  return { task, rollout };
}

function nothingToSteer(task: TaskState, verb: "pause" | "resume"): AppError {
  const status = task.status.replaceAll("_", " ");
  if (taskHasEnded(task.status)) {
    return new AppError("invalid_transition", `The task has ended (${status}): there is nothing to ${verb}.`);
  }
  return new AppError(
    "invalid_transition",
    `The task is ${status}: nothing is being rolled out, so there is nothing to ${verb}.`,
    {
      next: task.status === "cancelling" ? "Wait for its end." : `To stop it: steward tasks cancel ${task.taskId}`,
    },
  );
}
