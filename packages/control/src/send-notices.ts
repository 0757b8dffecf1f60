import type { NoticeState } from "@steward/core/notification/notification-state";
import type { Context } from "./context.ts";
import { sendAfterCommit } from "./send-later.ts";

/** Those that are due now; the reconciler sends the others when they are, and again what is lost on the way. */
export async function sendNotices(
  deps: Pick<Context, "queues" | "nowMs" | "log">,
  notices: readonly NoticeState[],
): Promise<void> {
  for (const { tenantId, noticeId, dueAtMs } of notices) {
    if ((dueAtMs ?? 0) <= deps.nowMs()) await sendAfterCommit(deps, "notifications", { tenantId, noticeId }, tenantId);
  }
}
