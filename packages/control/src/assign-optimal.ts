import { getTask } from "@steward/aws/records/task";
import { AppError } from "@steward/contracts/errors";
import type { AssignOptimal, Assignment } from "@steward/contracts/queues";
import type { Caller, Repeatable } from "./context.ts";
import { bestWorker } from "./recommend-workers.ts";
import { submitTask } from "./submit-task.ts";
import { fullTaskView } from "./task-view.ts";

/**
 * `POST /tasks/assign-optimal`: the worker that fits best. With an instruction the task is submitted, and where a model is
 * needed for it the job waits in that worker's own queue; one that does not take it in time leaves it to the lane.
 */
export async function assignOptimal(
  deps: Parameters<typeof submitTask>[0],
  caller: Caller,
  { requirements, instruction, targets, mode, taskType }: AssignOptimal,
  repeatable?: Repeatable,
): Promise<Assignment> {
  // What was accepted stays accepted: the worker that took its job has no slot free for it again.
  const before = repeatable?.begunBefore === true ? await madeBefore(deps, caller, repeatable) : undefined;
  if (before !== undefined) return before;
  const { workerId, shown: worker } = await bestWorker(deps, caller, requirements);
  if (instruction === undefined) return { worker, assigned: false };
  if (taskType === "support" || targets === undefined) {
    throw new AppError("unprocessable", "a question is asked of all workers", { next: "Ask it: steward support" });
  }
  const body = { instruction, targets, mode, verbosity: 0 };
  const task = await submitTask(deps, caller, body, repeatable, { workerId });
  return { worker, task, ...(task.status === "thinking" ? { assigned: true } : settled) };
}

const settled = { assigned: false, why: "no model was needed: the catalogue's own examples settled it" };

async function madeBefore(
  deps: Parameters<typeof submitTask>[0],
  { tenantId }: Caller,
  repeatable: Repeatable,
): Promise<Assignment | undefined> {
  const task = await getTask(deps.table, { tenantId, taskId: repeatable.idOf("task") });
  if (task === undefined) return undefined;
  return { task: await fullTaskView(deps, task), ...(task.jobId === undefined ? settled : { assigned: true }) };
}
