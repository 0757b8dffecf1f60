import { derivedId } from "@steward/contracts/ids";
import { executablePlan, type Plan } from "@steward/contracts/plan";
import { standingHash } from "@steward/contracts/standing-approval";
import { newTraceId } from "@steward/contracts/trace-context";
import { groundGiven } from "@steward/core/planning/build-plan";
import { completeRollout } from "@steward/core/rollout/plan-waves";
import { startUntilMs } from "@steward/core/schedule/reduce-schedule";
import type { ScheduleState } from "@steward/core/schedule/schedule-state";
import { newTask } from "@steward/core/task/new-task";
import type { TaskEffect, TaskState } from "@steward/core/task/task-state";
import type { Step } from "@steward/core/versioned";
import type { Context } from "./context.ts";
import { resolveTargets } from "./load-targets.ts";
import { planningContext, planSteps } from "./plan-task.ts";
import { requestInHand } from "./request-scope.ts";

type Deps = Pick<Context, "table" | "actions" | "release" | "nowMs">;

/** The task of a due time: whoever makes it, and however often, it is this one. */
export function taskIdOf(schedule: Pick<ScheduleState, "scheduleId">, dueAtMs: number): string {
  return derivedId("task", dueAtMs, `${schedule.scheduleId} due at ${dueAtMs}`);
}

/**
 * What the schedule asks for, planned for the appliances that its selectors mean now and judged by the gate. Nothing is
 * stored. `dueAtMs`: for that due time, and over before the next one where that has to wait. Throws `unprocessable` and
 * `invalid_request` where there can be no such plan now.
 */
export async function planSchedule(
  deps: Deps,
  schedule: ScheduleState,
  taskId: string,
  dueAtMs?: number,
): Promise<Step<TaskState, TaskEffect>> {
  const { definition, standing } = schedule;
  const nodes = await resolveTargets(deps, schedule.tenantId, definition.targets);
  const task = newTask(
    {
      tenantId: schedule.tenantId,
      taskId,
      kind: "action",
      // Where it is made at its due time nobody calls.
      requestId: requestInHand() ?? newTraceId(),
      requestedBy: schedule.author,
      source: { kind: "schedule", id: schedule.scheduleId },
      schedule: {
        scheduleId: schedule.scheduleId,
        maxTargets: definition.maxTargets,
        ...(standing === undefined ? {} : { standing: standing.document }),
      },
      targets: nodes.map((node) => ({ id: node.nodeId, name: node.name })),
      mode: definition.mode,
      verbosity: definition.verbosity,
      rollout: rolloutOf(deps, schedule),
    },
    deps.nowMs(),
  );
  const context = await planningContext(deps, task);
  const steps = groundGiven(definition.steps, context);
  const untilMs = dueAtMs === undefined ? undefined : startUntilMs(schedule, dueAtMs);
  if (untilMs !== undefined) {
    const planned = await planSteps(deps, task, steps, context, { startUntilMs: untilMs });
    if (planned.state.status !== "awaiting_approval") return planned;
    // A person has a day to look at it, and is asked once, and not at each due time.
  }
  return planSteps(deps, task, steps, context);
}

/** The same however many appliances match: what a standing approval is for does not change with them. */
function rolloutOf(deps: Pick<Context, "actions">, { definition }: ScheduleState) {
  const onlyReads = definition.steps.every(({ action }) =>
    deps.actions.some(({ id, kind }) => id === action && kind === "read"),
  );
  return completeRollout(definition.rollout, { onlyReads, several: true });
}

/** What a standing approval of this plan, under this schedule, binds. */
export function standingHashOf({ definition }: Pick<ScheduleState, "definition">, plan: Plan): string {
  return standingHash({
    plan: executablePlan(plan),
    mode: plan.mode,
    selector: definition.targets,
    cap: definition.maxTargets,
  });
}
