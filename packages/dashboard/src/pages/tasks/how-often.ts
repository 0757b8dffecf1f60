import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import type { Every } from "../../api/polling.ts";

/** Each look at a task reads all of its runs: of more than these, none every two seconds. */
const watchedUpTo = 1_000;

/** How often a task is looked at: what has ended changes only by what is said about it. */
export function howOften(task: Pick<TaskView, "status" | "targetCount" | "rollout"> | undefined): Every {
  if (task === undefined) return "watched";
  const isLarge = task.rollout !== undefined && (task.targetCount ?? 0) > watchedUpTo;
  return taskHasEnded(task.status) || isLarge ? "background" : "watched";
}
