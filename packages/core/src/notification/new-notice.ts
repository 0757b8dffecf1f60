import type { NoticeState } from "./notification-state.ts";

/** One that nobody has been sent yet: due now, unless it says when. */
export function newNotice(
  about: Omit<NoticeState, "v" | "version" | "createdAtMs" | "updatedAtMs" | "deliveries">,
  nowMs: number,
): NoticeState {
  return { v: 1, version: 1, createdAtMs: nowMs, updatedAtMs: nowMs, dueAtMs: nowMs, deliveries: {}, ...about };
}
