import { getToken } from "@steward/aws/records/token";
import { AppError } from "@steward/contracts/errors";
import { hasRole } from "@steward/contracts/roles";
import type { TaskView } from "@steward/contracts/task";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskEvent } from "@steward/core/task/task-state";
import type { Caller, Context } from "./context.ts";
import { loadTask } from "./load-task.ts";
import { isTokenId } from "./principal-standing.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "secret" | "log">;

/** A no. Above `medium` it takes an approver, unless it is the requester's own request. */
export async function rejectTask(
  deps: Deps,
  caller: Caller,
  params: { taskId: string },
  body: { reason?: string | undefined },
): Promise<TaskView> {
  return endTask(deps, caller, params.taskId, "reject-task", {
    type: "reject",
    by: caller.principal.id,
    ...(body.reason === undefined ? {} : { reason: body.reason }),
  });
}

/** Stops what has not started. A run that has started goes on to its end. */
export async function cancelTask(
  deps: Deps,
  caller: Caller,
  params: { taskId: string },
  body: { reason?: string | undefined },
): Promise<TaskView> {
  return endTask(deps, caller, params.taskId, "cancel-task", {
    type: "cancel",
    by: caller.principal.id,
    ...(body.reason === undefined ? {} : { reason: body.reason }),
  });
}

function endTask(deps: Deps, caller: Caller, taskId: string, what: string, event: TaskEvent): Promise<TaskView> {
  return retryOnConflict(async () => {
    const task = await loadTask(deps, caller.tenantId, taskId);
    if (
      event.type === "reject" &&
      task.plan?.risk === "high" &&
      !hasRole(caller.role, "approver") &&
      !(await isRequester(deps, task.requestedBy.id, caller.principal.id))
    ) {
      throw new AppError("forbidden", "rejecting a high-risk plan takes the role approver");
    }
    const { state, effects } = reduceTask(task, event, deps.nowMs());
    if (state !== task) {
      await storeTask(deps, {
        before: task,
        after: state,
        effects,
        who: caller.principal.id,
        what,
        requestId: caller.requestId,
      });
    }
    return fullTaskView(deps, state);
  });
}

/** What a service token asked for, its maker asked for. */
async function isRequester(deps: Deps, requestedBy: string, personId: string): Promise<boolean> {
  if (requestedBy === personId || !isTokenId(requestedBy)) return requestedBy === personId;
  return (await getToken(deps.table, requestedBy))?.createdBy === personId;
}
