import type { TaskStatus } from "@steward/contracts/states";
import type { TaskState } from "@steward/core/task/task-state";
import { createItem, type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

const partition = (tenantId: string) => `T#${tenantId}#TASK`;
const statusPartition = (tenantId: string, status: TaskStatus) => `T#${tenantId}#TASK#${status}`;

/** Of all tenants: what waits for a person of the provider, the longest first. A task leaves it once that one has answered. */
const escalatedPartition = "SYS#ESCALATED";

/** One entry for each target. */
const lists = [["targets"], ["plan", "targets"], ["plan", "waveOf"]] as const;

const itemOf = (state: TaskState) => ({
  pk: partition(state.tenantId),
  sk: state.taskId,
  gsi1pk: statusPartition(state.tenantId, state.status),
  gsi1sk: state.taskId,
  ...(state.escalation === undefined || state.escalation.answer !== undefined
    ? {}
    : { gsi2pk: escalatedPartition, gsi2sk: `${sortable(state.escalation.atMs)}#${state.taskId}` }),
  ...states.stateItem(state, { type: "task", tenantId: state.tenantId, id: state.taskId }, lists),
});

export const createTask = (state: TaskState): Write => createItem("task", itemOf(state));
export const replaceTask = (previous: TaskState, next: TaskState): Write =>
  states.replaceState("task", itemOf(next), previous, next);

export async function getTask(table: Table, key: { tenantId: string; taskId: string }): Promise<TaskState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.taskId });
}

/** One page of the tenant's tasks, newest first. By status from an index, which trails the table by a moment. */
export async function listTasks(
  table: Table,
  tenantId: string,
  { status, limit, after = states.behindAllIds }: PageRequest & { status?: TaskStatus },
): Promise<Page<TaskState>> {
  const query =
    status === undefined
      ? states.queryOf({ pk: partition(tenantId), before: after }, { newestFirst: true, consistent: true })
      : states.queryOf({ index: "gsi1", pk: statusPartition(tenantId, status), before: after }, { newestFirst: true });
  const { items, more } = await queryItems(table, query, { limit });
  return states.pageOf(
    items.map((item) => states.stateOf<TaskState>(item)),
    more,
    (state) => state.taskId,
  );
}

/** One page of what waits for the provider's staff. From an index, which trails the table by a moment. */
export async function listEscalated(
  table: Table,
  { limit, after = states.beforeAllIds }: PageRequest,
): Promise<Page<TaskState>> {
  const query = states.queryOf({ index: "gsi2", pk: escalatedPartition, behind: after });
  const { items, more } = await queryItems(table, query, { limit });
  return states.pageOf(
    items.map((item) => states.stateOf<TaskState>(item)),
    more,
    (state) => `${sortable(state.escalation?.atMs ?? 0)}#${state.taskId}`,
  );
}
