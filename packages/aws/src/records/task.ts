import type { TaskStatus } from "@steward/contracts/states";
import type { TaskState } from "@steward/core/task/task-state";
import { Entity } from "electrodb";
import { type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const task = new Entity({
  model: states.model("task"),
  attributes: {
    tenantId: { type: "string", required: true },
    taskId: { type: "string", required: true },
    status: { type: "string", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId"], template: "T#${tenantId}#TASK" },
      { composite: ["taskId"], template: "${taskId}" },
    ),
    byStatus: {
      index: "gsi1",
      pk: {
        field: "gsi1pk",
        composite: ["tenantId", "status"],
        template: "T#${tenantId}#TASK#${status}",
        casing: "none",
      },
      sk: { field: "gsi1sk", composite: ["taskId"], template: "${taskId}", casing: "none" },
    },
    due: states.dueIndex,
  },
});

const put = (state: TaskState) =>
  task.put({
    tenantId: state.tenantId,
    taskId: state.taskId,
    status: state.status,
    ...states.stateItem(state, { type: "task", tenantId: state.tenantId, id: state.taskId }),
  });

export const createTask = (state: TaskState): Write => states.createState("task", put(state));
export const replaceTask = (previous: TaskState, next: TaskState): Write =>
  states.replaceState("task", put(next), previous, next);

export async function getTask(table: Table, key: { tenantId: string; taskId: string }): Promise<TaskState | undefined> {
  return states.readState(table, task.get(key));
}

/** One page of the tenant's tasks, newest first. By status from an index, which trails the table by a moment. */
export async function listTasks(
  table: Table,
  tenantId: string,
  { status, limit, after = states.behindAllIds }: PageRequest & { status?: TaskStatus },
): Promise<Page<TaskState>> {
  const query =
    status === undefined
      ? states.queryOf(task.query.primary({ tenantId }).lt({ taskId: after }), { newestFirst: true, consistent: true })
      : states.queryOf(task.query.byStatus({ tenantId, status }).lt({ taskId: after }), { newestFirst: true });
  const { items, more } = await queryItems(table, query, { limit });
  return states.pageOf(
    items.map((item) => states.stateOf<TaskState>(item)),
    more,
    (state) => state.taskId,
  );
}
