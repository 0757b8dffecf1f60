import type { TaskView } from "@steward/contracts/task";

export interface Me {
  id: string;
  role: { operator: boolean; approver: boolean };
}

/** A question or a plan that this very person can go on with. A plan that needs another person's yes is no work of its asker. */
export function waitsForMe(task: TaskView, { id, role }: Me): boolean {
  if (!role.operator || task.previewOf !== undefined) return false;
  const isMine = task.requestedBy.id === id;
  if (task.status === "needs_input") return isMine;
  if (task.status !== "awaiting_approval") return false;
  if (task.gate?.approver === "other") return !isMine && role.approver;
  return isMine || role.approver;
}

/** What somebody asked for themself, the newest first; what only looked what would change belongs to what it looked for. */
export function myRequests(tasks: readonly TaskView[], id: string): TaskView[] {
  return tasks.filter((task) => task.requestedBy.id === id && task.previewOf === undefined);
}

/** What was done, in a sentence for whoever asked; nothing where it is not over. */
export function doneWords(task: TaskView): string | undefined {
  if (task.kind === "support") return task.answer?.text;
  return task.result?.message;
}
