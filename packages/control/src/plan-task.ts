import { AppError } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import type { Planning } from "@steward/contracts/task";
import { gate } from "@steward/core/gate/gate";
import { buildPlan } from "@steward/core/planning/build-plan";
import type { PlanningContext, Understanding } from "@steward/core/planning/planning-types";
import { unmetRequires } from "@steward/core/planning/unmet-requires";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { GroundedStep, TaskEffect, TaskState } from "@steward/core/task/task-state";
import type { Step } from "@steward/core/versioned";
import type { Context } from "./context.ts";
import { gateContext } from "./gate-context.ts";
import { loadFacts, withPlaces } from "./load-targets.ts";

/** What every tier may know about a task. */
export async function planningContext(
  deps: Pick<Context, "table" | "actions">,
  task: TaskState,
): Promise<PlanningContext> {
  return {
    instruction: task.instruction ?? "",
    actions: deps.actions,
    targets: await loadFacts(deps, task.tenantId, task.targets),
  };
}

/**
 * Makes the plan of these steps, asks the gate, and takes the task on. Throws `unprocessable` where an appliance lacks what
 * a step needs to have been set up.
 */
export async function planSteps(
  deps: Pick<Context, "table" | "actions" | "release" | "nowMs">,
  task: TaskState,
  steps: GroundedStep[],
  context: PlanningContext,
  more: { planning?: Planning; startUntilMs?: number } = {},
): Promise<Step<TaskState, TaskEffect>> {
  const { planning, startUntilMs } = more;
  const unmet = unmetRequires(steps, deps.actions, context.targets);
  if (unmet !== undefined) {
    throw new AppError("unprocessable", unmet.message, {
      fields: [{ path: `steps.${unmet.step}.action`, message: unmet.message }],
      next: unmet.next.join(" Or ask for it: "),
    });
  }
  const { release } = await deps.release();
  const nowMs = deps.nowMs();
  const plan = buildPlan({
    task,
    steps,
    actions: deps.actions,
    release: {
      version: release.version,
      bundles: Object.fromEntries(release.actions.map((action) => [action.id, action.bundle])),
    },
    // As they are now, which is what the waves of this plan are made of.
    targets: await withPlaces(deps, task.tenantId, context.targets),
    ...(startUntilMs === undefined ? {} : { startUntilMs }),
    nowMs,
  });
  const decision = gate(plan, await gateContext(deps, task, plan, "plan"));
  return reduceTask(
    task,
    {
      type: "plan",
      plan,
      gate: decision,
      rolloutId: newId("rollout", nowMs),
      ...(planning === undefined ? {} : { planning }),
    },
    nowMs,
  );
}

/** Takes a task on by what a tier understood. `unsure` is the caller's: it decides about the next tier. */
export async function applyUnderstanding(
  deps: Pick<Context, "table" | "actions" | "release" | "nowMs">,
  task: TaskState,
  understanding: Exclude<Understanding, { kind: "unsure" }>,
  context: PlanningContext,
  planning: Planning,
): Promise<Step<TaskState, TaskEffect>> {
  switch (understanding.kind) {
    case "plan": {
      // Who asked in words reads the answer in the task, as with every other no.
      const unmet = unmetRequires(understanding.steps, deps.actions, context.targets);
      if (unmet === undefined) return planSteps(deps, task, understanding.steps, context, { planning });
      const { message, next } = unmet;
      return reduceTask(task, { type: "fail", result: { message, next }, planning }, deps.nowMs());
    }
    case "question":
      return reduceTask(
        task,
        { type: "ask", question: understanding.question, understood: understanding.steps, planning },
        deps.nowMs(),
      );
    case "refused":
      return reduceTask(
        task,
        { type: "fail", result: { message: understanding.message, next: understanding.next }, planning },
        deps.nowMs(),
      );
    default:
      return understanding satisfies never;
  }
}
