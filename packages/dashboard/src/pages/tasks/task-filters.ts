import { taskHasEnded, taskStatuses, type TaskStatus } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { taskTitle } from "../../text.ts";
import { oneOf, said, words } from "./read-search.ts";

export const taskSources = ["person", "token", "schedule", "git", "alert", "model"] as const satisfies NonNullable<
  TaskView["source"]
>["kind"][];

/** What of the list is shown; it stands in the address, so that it can be sent to somebody. */
export interface TasksSearch {
  q?: string;
  /** One status, or those that are under way, or that wait for somebody. */
  status?: TaskStatus | "active" | "waiting";
  type?: TaskView["kind"];
  source?: (typeof taskSources)[number];
  /** An appliance, by name or id. */
  on?: string;
  sort?: string;
  columns?: string;
}

export const statusChoices = ["active", "waiting", ...taskStatuses] as const;

/** Whatever an address says that is nothing here is left out. */
export function readTasksSearch(search: Record<string, unknown>): TasksSearch {
  return said<TasksSearch>({
    q: words(search["q"]),
    status: oneOf(statusChoices, search["status"]),
    type: oneOf(["support", "action"], search["type"]),
    source: oneOf(taskSources, search["source"]),
    on: words(search["on"]),
    sort: words(search["sort"]),
    columns: words(search["columns"]),
  });
}

/** The part of the filter that the API knows itself. */
export function askedStatus({ status }: TasksSearch): TaskStatus | undefined {
  return oneOf(taskStatuses, status);
}

export function isFiltered({ q, status, type, source, on }: TasksSearch): boolean {
  return [q, status, type, source, on].some((value) => value !== undefined);
}

/** Whether it is one of those that the filters mean; the words that are searched are the table's own. */
export function fits(task: TaskView, search: TasksSearch): boolean {
  const { status, type, source, on } = search;
  if (status === "active" && taskHasEnded(task.status)) return false;
  if (status === "waiting" && task.status !== "needs_input" && task.status !== "awaiting_approval") return false;
  if (askedStatus(search) !== undefined && task.status !== status) return false;
  if (type !== undefined && task.kind !== type) return false;
  if (source !== undefined && (task.source?.kind ?? "person") !== source) return false;
  if (on === undefined) return true;
  const wanted = on.toLowerCase();
  return task.targets.some(({ id, name }) => id === wanted || name.toLowerCase().includes(wanted));
}

/** What is searched beside what a row shows: ids, and what came of it. */
export function searchedText(task: TaskView): string {
  return [taskTitle(task), task.id, task.requestId ?? "", task.result?.message ?? ""].join(" ");
}

/** From its begin to its end, or until now. Undefined where its end is not told: what was said later changed it later. */
export function tookMs(
  task: Pick<TaskView, "createdAt" | "updatedAt" | "status" | "feedback" | "escalation">,
  nowMs: number,
): number | undefined {
  const hasEnded = taskHasEnded(task.status);
  if (hasEnded && (task.escalation !== undefined || (task.feedback ?? []).length > 0)) return undefined;
  const endMs = hasEnded ? Date.parse(task.updatedAt) : nowMs;
  return Math.max(0, endMs - Date.parse(task.createdAt));
}
