import { severities } from "@steward/contracts/alert";
import { changed, unchanged } from "../reducing.ts";
import type { Step } from "../versioned.ts";
import type { DeliveryState, NoticeState, NotificationState } from "./notification-state.ts";
import { quietUntilMs } from "./quiet-hours.ts";

/** Who has taken a notice to send it is given so long; after that another one sends it, and the receiver sees it twice. */
export const takenMs = 120_000;
const minuteMs = 60_000;
/** How long after each failure the next attempt comes; after the last one it is given up. About a day in all. */
export const retryAfterMs: readonly number[] = [1, 5, 15, 60, 180, 480, 720].map((minutes) => minutes * minuteMs);

export type NoticeEvent =
  /** Somebody is about to send it. Unchanged where it is not due: then nobody may. */
  | { type: "take" }
  /** It is no longer true, or nobody is to be told. */
  | { type: "drop" }
  /** How the attempts ended. `final`: the receiver does not want it, so trying again is no use. */
  | {
      type: "attempted";
      receivers: readonly string[];
      outcomes: Readonly<Record<string, { delivered: boolean; final?: boolean; reason?: string }>>;
      /** Where it is quiet, and until when. */
      held?: Readonly<Record<string, number>>;
    };

export function reduceNotice(state: NoticeState, event: NoticeEvent, nowMs: number): Step<NoticeState, never> {
  if (state.endedAtMs !== undefined) return unchanged(state);
  const end = (changes: Partial<NoticeState>) =>
    changed<NoticeState, never>(state, { ...changes, dueAtMs: undefined, endedAtMs: nowMs }, nowMs);
  switch (event.type) {
    case "take":
      if (nowMs < (state.dueAtMs ?? 0)) return unchanged(state);
      return changed<NoticeState, never>(state, { dueAtMs: nowMs + takenMs }, nowMs);
    case "drop":
      return end({});
    case "attempted": {
      const deliveries = { ...state.deliveries };
      for (const [receiver, outcome] of Object.entries(event.outcomes)) {
        deliveries[receiver] = attempted(state.deliveries[receiver], outcome, nowMs);
      }
      for (const [receiver, heldUntilMs] of Object.entries(event.held ?? {})) {
        const before = deliveries[receiver] ?? { status: "waiting", attempts: 0, lastAttemptAtMs: nowMs };
        deliveries[receiver] = { ...before, heldUntilMs };
      }
      const waiting = event.receivers.map((one) => deliveries[one]).filter((one) => one?.status === "waiting");
      if (waiting.length === 0) return end({ deliveries });
      const next = Math.min(...waiting.map((one) => nextAttemptAtMs(one as DeliveryState)));
      return changed<NoticeState, never>(state, { deliveries, dueAtMs: next }, nowMs);
    }
  }
}

/** Whether it has ended after it was tried, and nobody got it. What nobody wanted to be told of is not undelivered. */
export function isUndelivered({ endedAtMs, deliveries }: NoticeState): boolean {
  const all = Object.values(deliveries);
  return endedAtMs !== undefined && all.length > 0 && all.every(({ status }) => status === "failed");
}

function attempted(
  before: DeliveryState | undefined,
  { delivered, final = false, reason }: { delivered: boolean; final?: boolean; reason?: string },
  nowMs: number,
): DeliveryState {
  const attempts = (before?.attempts ?? 0) + 1;
  const status = delivered ? "delivered" : final || attempts > retryAfterMs.length ? "failed" : "waiting";
  return { status, attempts, lastAttemptAtMs: nowMs, ...(delivered || reason === undefined ? {} : { reason }) };
}

export function nextAttemptAtMs({ attempts, lastAttemptAtMs, heldUntilMs = 0 }: DeliveryState): number {
  return Math.max(lastAttemptAtMs + (retryAfterMs[attempts - 1] ?? 0), heldUntilMs);
}

/**
 * Whom it is to be sent to now: all who want it, are not done, and whose next attempt is due. `held`: those of them where
 * it is quiet, and until when.
 */
export function receiversOf(
  notice: NoticeState,
  receivers: readonly NotificationState[],
  nowMs: number,
): { all: NotificationState[]; now: NotificationState[]; held: Record<string, number> } {
  const all = receivers.filter((one) => one.removedAtMs === undefined && wants(one, notice));
  const isDue = (delivery: DeliveryState | undefined) =>
    delivery === undefined || (delivery.status === "waiting" && nowMs >= nextAttemptAtMs(delivery));
  const due = all.filter((one) => isDue(notice.deliveries[one.notificationId]));
  const held: Record<string, number> = {};
  for (const one of due) {
    const untilMs = heldUntilMs(one, notice, nowMs);
    if (untilMs !== undefined) held[one.notificationId] = untilMs;
  }
  return { all, now: due.filter((one) => held[one.notificationId] === undefined), held };
}

function wants(receiver: NotificationState, notice: NoticeState): boolean {
  const { event, only, severity } = notice;
  if (only !== undefined) {
    return receiver.notificationId === only && (receiver.unconfirmed === undefined || event === "confirm");
  }
  if (event === "test" || event === "confirm" || receiver.unconfirmed !== undefined) return false;
  if (!receiver.events.includes(event)) return false;
  return (
    severity === undefined ||
    receiver.leastSeverity === undefined ||
    severities.indexOf(severity) >= severities.indexOf(receiver.leastSeverity)
  );
}

/** Who asks for a test wants to see it. */
function heldUntilMs(receiver: NotificationState, notice: NoticeState, nowMs: number): number | undefined {
  const { quietHours } = receiver;
  if (quietHours === undefined || notice.only !== undefined) return undefined;
  const isUrgent =
    notice.event === "alert.escalated" || (notice.event === "alert.raised" && notice.severity === "critical");
  return quietHours.exceptCritical && isUrgent ? undefined : quietUntilMs(quietHours, nowMs);
}
