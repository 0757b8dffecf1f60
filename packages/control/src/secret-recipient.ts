import { AppError } from "@steward/contracts/errors";
import type { TaskState } from "@steward/core/task/task-state";

/** Who may open what the plan's runs make, as far as the task says so: the maker of a token is not in it. */
export function shownRecipient({ plan, recipientId, requestedBy }: TaskState): string | undefined {
  if (plan?.steps.some(({ generates = [] }) => generates.length > 0) !== true) return undefined;
  return recipientId ?? (requestedBy.id.startsWith("per_") ? requestedBy.id : undefined);
}

/**
 * Holds a yes to the recipient that was shown, which the plan's hash does not cover. Where somebody else than who asked is
 * named, it has to be said. Throws `plan_changed`.
 */
export function requireRecipient(task: TaskState, said: string | undefined): void {
  const recipient = shownRecipient(task);
  const isOwn = recipient === undefined || recipient === task.requestedBy.id;
  if (said === undefined ? isOwn : said === recipient) return;
  throw new AppError("plan_changed", "somebody else than you were shown gets what it makes", {
    next: `look at it again, and name the recipient: steward tasks show ${task.taskId}`,
  });
}
