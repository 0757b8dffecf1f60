import { getPerson } from "@steward/aws/records/person";
import { AppError } from "@steward/contracts/errors";
import { roleIn } from "@steward/contracts/roles";
import type { SubmitTask, TaskView } from "@steward/contracts/task";
import { groundGiven } from "@steward/core/planning/build-plan";
import { matchInstruction } from "@steward/core/planning/match-instruction";
import { noTierMay } from "@steward/core/planning/refusals";
import { grantsOf } from "@steward/core/principal/grants";
import { newTask } from "@steward/core/task/new-task";
import { acceptOnce } from "./accept-once.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { resolveTargets } from "./load-targets.ts";
import { applyUnderstanding, planningContext, planSteps } from "./plan-task.ts";
import { countTask } from "./quotas.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";
import { startThinking } from "./think.ts";

export interface SubmitOptions {
  /** The worker that a model's work on it is given to first. */
  workerId?: string;
}

/**
 * Accepts a request. Explicit steps become a plan at once; words go through the matcher, and where it is not sure to a
 * model. Throws `unprocessable` for unknown targets and `invalid_request` for values that an action does not take.
 *
 * A repeated request gets the task that the first one made, also when that was killed before it could answer.
 */
export async function submitTask(
  deps: Pick<Context, "table" | "queues" | "actions" | "release" | "nowMs" | "secret" | "log" | "jobTimes">,
  caller: Caller,
  body: SubmitTask,
  repeatable?: Repeatable,
  options: SubmitOptions = {},
): Promise<TaskView> {
  return acceptOnce(deps, caller, repeatable, {
    count: () => countTask(deps, caller.tenantId),
    accept: (taskId) => accept(deps, caller, body, taskId, options),
    shown: (task) => fullTaskView(deps, task),
  });
}

async function accept(
  deps: Pick<Context, "table" | "queues" | "actions" | "release" | "nowMs" | "secret" | "log" | "jobTimes">,
  caller: Caller,
  body: SubmitTask,
  taskId: string,
  options: SubmitOptions,
): Promise<TaskView> {
  const nodes = await resolveTargets(deps, caller.tenantId, body.targets);
  const nowMs = deps.nowMs();
  const task = newTask(
    {
      tenantId: caller.tenantId,
      taskId,
      kind: "action",
      requestId: caller.requestId,
      requestedBy: { id: caller.principal.id, name: caller.principal.name },
      targets: nodes.map((node) => ({ id: node.nodeId, name: node.name })),
      mode: body.mode,
      verbosity: body.verbosity,
      ...(body.rollout === undefined ? {} : { rollout: body.rollout }),
      ...(body.confirm === true ? { confirm: true as const } : {}),
      ...(body.recipient === undefined ? {} : { recipientId: await personHere(deps, caller, body.recipient) }),
      ...(body.instruction === undefined ? {} : { instruction: body.instruction }),
    },
    nowMs,
  );
  const context = await planningContext(deps, task);
  const change = { who: caller.principal.id, what: "submit-task", requestId: caller.requestId };

  if (body.steps !== undefined) {
    const steps = groundGiven(body.steps, context);
    const step = await planSteps(deps, task, steps, context);
    await storeTask(deps, { ...change, after: step.state, effects: step.effects });
    return fullTaskView(deps, step.state);
  }
  const matched = matchInstruction(context);
  const understanding =
    matched.kind === "unsure" && matched.final === true ? noTierMay(matched, context.actions) : matched;
  if (understanding.kind === "unsure") {
    return fullTaskView(deps, await startThinking(deps, task, context, { ...change, ...options }));
  }
  const planning = {
    tier: "matcher",
    grade: understanding.grade,
    latencyMs: Math.max(0, deps.nowMs() - nowMs),
  } as const;
  const step = await applyUnderstanding(deps, task, understanding, context, planning);
  await storeTask(deps, { ...change, after: step.state, effects: step.effects });
  return fullTaskView(deps, step.state);
}

/** A person who has a role in the tenant now. Somebody else's people and nobody are the same. */
async function personHere(deps: Pick<Context, "table">, caller: Caller, personId: string): Promise<string> {
  if (personId === caller.principal.id) return personId;
  const person = await getPerson(deps.table, personId);
  if (roleIn(grantsOf(person), caller.tenantId) === undefined) {
    throw new AppError("unprocessable", `there is no person ${personId} here`, {
      fields: [{ path: "recipient", message: "is nobody's id in this tenant" }],
      next: "See who is there: steward principal ls",
    });
  }
  return personId;
}
