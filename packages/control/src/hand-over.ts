import { listEscalated } from "@steward/aws/records/task";
import { actFor, actForSystem } from "@steward/aws/tenant-fence";
import { AppError } from "@steward/contracts/errors";
import { redactText } from "@steward/contracts/redact";
import type { GiveFeedback, TaskView } from "@steward/contracts/task";
import * as handOver from "@steward/core/task/hand-over";
import type { TaskEffect, TaskState } from "@steward/core/task/task-state";
import type { Step } from "@steward/core/versioned";
import type { Caller, Context } from "./context.ts";
import { loadTask } from "./load-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { storeTask } from "./store-task.ts";
import { briefView, fullTaskView, taskView } from "./task-view.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "log" | "secret">;
interface Params {
  taskId: string;
}

/** *Ask my provider*. Asked again while nobody has answered, it changes nothing. */
export async function escalateTask(
  deps: Deps,
  caller: Caller,
  params: Params,
  body: { note?: string | undefined },
): Promise<TaskView> {
  return change(deps, caller, params, "escalate-task", (task) => {
    requireMayEscalate(caller, task);
    return handOver.escalateTask(task, { ...personOf(caller), ...noteOf(body.note) }, deps.nowMs());
  });
}

function requireMayEscalate({ role, principal }: Caller, task: TaskState): void {
  if (handOver.mayEscalate(task, { id: principal.id, role })) return;
  throw new AppError("forbidden", `this needs the role operator; yours is ${role}, and it is no question of yours`, {
    next: "Ask whoever requested it, or an operator.",
  });
}

/** The word of the provider's staff, which stands at the task. Answers nothing: the task stays with its tenant. */
export async function answerEscalation(
  deps: Deps,
  caller: Caller,
  { tenantId, taskId }: Params & { tenantId: string },
  body: { note: string },
): Promise<void> {
  await actFor(tenantId, () =>
    change(deps, { ...caller, tenantId }, { taskId }, "answer-escalation", (task) =>
      handOver.answerEscalation(task, { ...personOf(caller), note: redactText(body.note) }, deps.nowMs()),
    ),
  );
}

export async function giveFeedback(deps: Deps, caller: Caller, params: Params, body: GiveFeedback): Promise<TaskView> {
  const { verdict, note } = body;
  return change(deps, caller, params, "give-feedback", (task) =>
    handOver.giveFeedback(task, { ...personOf(caller), verdict, ...noteOf(note) }, deps.nowMs()),
  );
}

/** What waits for the provider's staff, of all tenants, the longest first. From an index: trails the table by a moment. */
export async function listEscalations(
  deps: Pick<Context, "table">,
  query: { limit: number; after?: string | undefined },
): Promise<{ items: TaskView[]; after?: string }> {
  const page = await actForSystem("what the provider's staff is asked, by all tenants", () =>
    listEscalated(deps.table, { limit: query.limit, ...(query.after === undefined ? {} : { after: query.after }) }),
  );
  return { ...page, items: page.items.map((task) => briefView(taskView(task))) };
}

async function change(
  deps: Deps,
  caller: Caller,
  { taskId }: Params,
  what: string,
  step: (task: TaskState) => Step<TaskState, TaskEffect>,
): Promise<TaskView> {
  return retryOnConflict(async () => {
    const task = await loadTask(deps, caller.tenantId, taskId);
    const { state, effects } = step(task);
    const who = caller.principal.id;
    if (state !== task) {
      await storeTask(deps, { before: task, after: state, effects, who, what, requestId: caller.requestId });
    }
    return fullTaskView(deps, state);
  });
}

function personOf({ principal }: Caller): { by: string; name: string } {
  return { by: principal.id, name: principal.name };
}

function noteOf(note: string | undefined): { note?: string } {
  return note === undefined ? {} : { note: redactText(note) };
}
