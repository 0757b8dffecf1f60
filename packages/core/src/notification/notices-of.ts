import type { NotificationEvent } from "@steward/contracts/notification";
import { taskHasEnded } from "@steward/contracts/states";
import type { AlertState } from "../alert/alert-state.ts";
import type { TaskState } from "../task/task-state.ts";
import { newNotice } from "./new-notice.ts";
import type { NoticeState, NotificationState } from "./notification-state.ts";

/** So long before its end somebody is told that a task waits in vain; one that waits less than twice that is not. */
export const warningMs = 3_600_000;

/** The states of a task that wait for a person, and what that is called. */
const waits = { awaiting_approval: "task.awaiting_approval", needs_input: "task.needs_input" } as const;

/**
 * What people are to be told of a change of a task: that it waits for them, that it soon has waited too long (due then),
 * and how it ended. A preview is its asker's own business. `idOf` gives each notice its id.
 */
export function noticesOf(
  before: TaskState | undefined,
  after: TaskState,
  nowMs: number,
  idOf: () => string,
): NoticeState[] {
  const { tenantId, taskId } = after;
  const notice = (event: NotificationEvent, dueAtMs: number): NoticeState =>
    newNotice({ tenantId, noticeId: idOf(), event, taskId, dueAtMs }, nowMs);
  if (after.escalation !== undefined && after.escalation.atMs !== before?.escalation?.atMs) {
    return [notice("task.escalated", nowMs)];
  }
  if (after.previewOf !== undefined || before?.status === after.status) return [];
  if (taskHasEnded(after.status)) return [notice("task.finished", nowMs)];
  if (after.status !== "awaiting_approval" && after.status !== "needs_input") return [];
  const waiting = notice(waits[after.status], nowMs);
  const warnAtMs = (after.dueAtMs ?? 0) - warningMs;
  return warnAtMs - nowMs < warningMs ? [waiting] : [waiting, notice("task.expiring", warnAtMs)];
}

/**
 * Whether it still tells the truth: who has decided meanwhile need not be told that somebody waits, and of what was over in
 * the night nobody is told in the morning.
 */
export function stillHolds(
  notice: Pick<NoticeState, "event" | "noticeId" | "createdAtMs">,
  { task, alerts = [] }: { task?: TaskState | undefined; alerts?: readonly AlertState[] },
): boolean {
  const { event, noticeId, createdAtMs } = notice;
  switch (event) {
    case "test":
    case "confirm":
      return true;
    case "task.finished":
      return task !== undefined && taskHasEnded(task.status);
    case "task.escalated":
      return task?.escalation !== undefined && task.escalation.answer === undefined;
    case "task.awaiting_approval":
      return task?.status === "awaiting_approval";
    case "task.needs_input":
      return task?.status === "needs_input";
    case "task.expiring":
      return task?.status === "awaiting_approval" || task?.status === "needs_input";
    case "alert.raised":
      return alerts.some((alert) => alert.status === "open" && alert.told?.notices.includes(noticeId) === true);
    case "alert.escalated":
      return alerts.some((alert) => alert.status === "open" && alert.escalatedAtMs !== undefined);
    case "alert.resolved":
      return alerts.some((alert) => alert.status === "resolved" && (alert.resolvedAtMs ?? 0) <= createdAtMs);
    default:
      return event satisfies never;
  }
}

/**
 * That something is over is told to those who were told that it began (`told`): nobody is told the end of what they do not
 * know. A notice is kept for a month; where one is gone, nobody knows any more whom it told, and everybody is.
 */
export function whoWasTold(
  receivers: readonly NotificationState[],
  told: readonly (NoticeState | undefined)[],
): readonly NotificationState[] {
  if (told.includes(undefined)) return receivers;
  return receivers.filter(({ notificationId }) =>
    told.some((notice) => notice?.deliveries[notificationId]?.status === "delivered"),
  );
}
