import { getTask } from "@steward/aws/records/task";
import { AppError } from "@steward/contracts/errors";
import type { TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";

/** The tenant's task. Another tenant's and an absent one are the same `not_found`. */
export async function loadTask(deps: Pick<Context, "table">, tenantId: string, taskId: string): Promise<TaskState> {
  const task = await getTask(deps.table, { tenantId, taskId });
  if (task === undefined) {
    throw new AppError("not_found", `there is no task ${taskId}`, { next: "see your tasks with: steward tasks ls" });
  }
  return task;
}
