import { createNotice, getNotice, listNotices } from "@steward/aws/records/notice";
import * as records from "@steward/aws/records/notification";
import { returnDaily, takeDaily } from "@steward/aws/records/usage";
import { commit } from "@steward/aws/table";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { dayOf } from "@steward/contracts/periods";
import { sha256Hex } from "@steward/contracts/canonical";
import {
  type CreateNotification,
  type DeliveryView,
  kindOfUrl,
  type NotificationView,
} from "@steward/contracts/notification";
import { isTimeZone } from "@steward/contracts/zone";
import { newNotice } from "@steward/core/notification/new-notice";
import type { NoticeState, NotificationState } from "@steward/core/notification/notification-state";
import { nextAttemptAtMs } from "@steward/core/notification/reduce-notice";
import { audited } from "./audit.ts";
import type { Caller, Context, Repeatable } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { sendAfterCommit } from "./send-later.ts";
import { sendNotices } from "./send-notices.ts";

type Deps = Pick<Context, "table" | "nowMs">;

/** Each change of a task is a call to each of them. */
const maxReceivers = 10;
/** Codes that a tenant may have sent a day: whoever adds and removes receivers could mail anybody without end. */
const maxCodes = 20;

export async function listNotifications(deps: Deps, caller: Caller): Promise<{ items: NotificationView[] }> {
  const all = await records.listNotifications(deps.table, caller.tenantId);
  return { items: all.filter((one) => one.removedAtMs === undefined).map(view) };
}

/**
 * Adds a receiver. A webhook's address is judged again at every call (`fetchOutside`); here only what can never be called
 * is refused. An e-mail address and a topic are told nothing before somebody who reads there has confirmed that they want
 * it: a topic's policy lets Steward in, not one tenant. Throws `unprocessable` for what can never be told, and for too many.
 */
export async function createNotification(
  deps: Deps &
    Pick<Context, "queues" | "log" | "secret"> & {
      checkOutsideUrl: (url: string) => Promise<void>;
      /** The AWS account that Steward is in. */
      account: string;
    },
  caller: Caller,
  body: CreateNotification,
  repeatable?: Repeatable,
): Promise<NotificationView> {
  const { tenantId } = caller;
  const nowMs = deps.nowMs();
  const notificationId = repeatable?.idOf("notification") ?? newId("notification", nowMs);
  const made = await records.getNotification(deps.table, { tenantId, notificationId });
  if (made !== undefined) return view(made);
  const kind = kindOfUrl(body.url);
  if (kind === undefined) throw new AppError("internal", `no receiver has the address ${body.url}`);
  if (kind === "webhook") await deps.checkOutsideUrl(body.url);
  if (kind === "sns" && tenantId !== providerTenantId && body.url.split(":")[4] === deps.account) throw oursAlone();
  if (body.quietHours !== undefined && !isTimeZone(body.quietHours.timeZone)) throw noZone(body.quietHours.timeZone);
  const known = await records.listNotifications(deps.table, tenantId);
  if (known.filter((one) => one.removedAtMs === undefined).length >= maxReceivers) {
    throw new AppError("unprocessable", `a tenant is told at up to ${maxReceivers} places`, {
      next: "remove one first: steward notify rm",
    });
  }
  const asks = kind !== "webhook";
  const code = { tenantId, day: dayOf(nowMs).name, what: "codes", amount: 1 } as const;
  if (asks && (await takeDaily(deps.table, { ...code, limit: maxCodes, nowMs })).kind === "full") {
    throw new AppError("unprocessable", `${maxCodes} codes were sent today, and no more are`, {
      next: "add it tomorrow, or a webhook now: that needs no code",
    });
  }
  const state: NotificationState = {
    v: 1,
    version: 1,
    tenantId,
    notificationId,
    kind,
    name: body.name,
    url: body.url,
    events: body.events,
    ...(body.leastSeverity === undefined ? {} : { leastSeverity: body.leastSeverity }),
    ...(body.quietHours === undefined ? {} : { quietHours: body.quietHours }),
    ...(asks ? { unconfirmed: "" } : {}),
    createdBy: caller.principal.id,
    createdAtMs: nowMs,
  };
  const asking = asks ? askFor(deps, state) : undefined;
  const stored = asking === undefined ? state : { ...state, unconfirmed: asking.hash };
  try {
    await commit(deps.table, [
      records.createNotification(stored),
      ...(asking === undefined ? [] : [createNotice(asking.notice)]),
      audit(deps, caller, "create-notification", undefined, stored),
    ]);
    if (asking !== undefined) await sendNotices(deps, [asking.notice]);
  } catch (error) {
    // The same request, quicker: it has sent the one code.
    if (!hasCode(error, "conflict")) throw error;
    if (asks) await returnDaily(deps.table, code);
  }
  return view(state);
}

/**
 * An address or a topic proves that somebody there wants to be told: else anybody could have anybody's pager ring. The
 * code is on its way only; what is kept is its hash.
 */
function askFor(deps: Pick<Context, "secret" | "nowMs">, { tenantId, notificationId }: NotificationState) {
  const code = deps
    .secret()
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 12);
  const nowMs = deps.nowMs();
  const noticeId = newId("notice", nowMs);
  const notice = newNotice({ tenantId, noticeId, event: "confirm", only: notificationId, code }, nowMs);
  return { notice, hash: sha256Hex(code) };
}

/** What was read at the address. Throws `unprocessable` for another code. Again: nothing more happens. */
export async function confirmNotification(
  deps: Deps,
  caller: Caller,
  params: { notificationId: string },
  { code }: { code: string },
): Promise<NotificationView> {
  return retryOnConflict(async () => {
    const state = await load(deps, caller, params.notificationId);
    if (state.removedAtMs !== undefined) throw absent(params.notificationId);
    if (state.unconfirmed === undefined) return view(state);
    if (sha256Hex(code) !== state.unconfirmed) {
      throw new AppError("unprocessable", "this is not the code that was sent there", {
        fields: [{ path: "code", message: "is not the one in the message" }],
        next: `Remove the receiver and add it again to have another one sent: steward notify rm ${state.notificationId}`,
      });
    }
    const { unconfirmed: _read, ...rest } = state;
    const next = { ...rest, version: state.version + 1 };
    await commit(deps.table, [
      records.replaceNotification(state, next),
      audit(deps, caller, "confirm-notification", state, next),
    ]);
    return view(next);
  });
}

/** Such a topic needs no policy to be published to, so that nobody could keep another tenant's alerts out of it. */
function oursAlone(): AppError {
  return new AppError("unprocessable", "this topic is in Steward's own account, where only the provider's are", {
    fields: [{ path: "url", message: "must be a topic in an account of yours" }],
  });
}

function noZone(timeZone: string): AppError {
  return new AppError("unprocessable", `there is no time zone ${timeZone}`, {
    fields: [{ path: "quietHours.timeZone", message: "must be a name like Europe/Berlin" }],
  });
}

/** Removing it again changes nothing. What is on its way there is given up. */
export async function deleteNotification(
  deps: Deps,
  caller: Caller,
  params: { notificationId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const state = await load(deps, caller, params.notificationId);
    if (state.removedAtMs !== undefined) return;
    const next = { ...state, version: state.version + 1, removedAtMs: deps.nowMs() };
    await commit(deps.table, [
      records.replaceNotification(state, next),
      audit(deps, caller, "delete-notification", state, next),
    ]);
  });
}

/** Sends a test to one receiver. How it went stands among its deliveries a moment later. */
export async function testNotification(
  deps: Deps & Pick<Context, "queues" | "log">,
  caller: Caller,
  params: { notificationId: string },
  repeatable?: Repeatable,
): Promise<DeliveryView> {
  const { tenantId } = caller;
  const receiver = await load(deps, caller, params.notificationId);
  if (receiver.removedAtMs !== undefined) throw absent(params.notificationId);
  if (receiver.unconfirmed !== undefined) {
    throw new AppError("unprocessable", "nobody there has confirmed yet that they want to be told", {
      next: `Give back the code that was sent there: steward notify confirm ${receiver.notificationId} <code>`,
    });
  }
  const nowMs = deps.nowMs();
  const noticeId = repeatable?.idOf("notice") ?? newId("notice", nowMs);
  const notice = newNotice({ tenantId, noticeId, event: "test", only: receiver.notificationId }, nowMs);
  try {
    await commit(deps.table, [createNotice(notice), audit(deps, caller, "test-notification", undefined, notice)]);
  } catch (error) {
    const made = hasCode(error, "conflict") ? await getNotice(deps.table, { tenantId, noticeId }) : undefined;
    if (made === undefined) throw error;
    return deliveryView(made, receiver.notificationId);
  }
  await sendAfterCommit(deps, "notifications", { tenantId, noticeId }, tenantId);
  return deliveryView(notice, receiver.notificationId);
}

/** Notices that are looked through, newest first, for those that went to one receiver. */
const lookedAt = 200;

export async function listDeliveries(
  deps: Deps,
  caller: Caller,
  params: { notificationId: string },
): Promise<{ items: DeliveryView[] }> {
  const { notificationId, events } = await load(deps, caller, params.notificationId);
  const notices = await listNotices(deps.table, caller.tenantId, lookedAt);
  const nowMs = deps.nowMs();
  const isForIt = (notice: NoticeState) =>
    notice.deliveries[notificationId] !== undefined ||
    (notice.endedAtMs === undefined &&
      (notice.dueAtMs ?? 0) <= nowMs + 600_000 &&
      (notice.only === undefined ? events.some((event) => event === notice.event) : notice.only === notificationId));
  return { items: notices.filter(isForIt).map((notice) => deliveryView(notice, notificationId)) };
}

async function load(deps: Deps, caller: Caller, notificationId: string): Promise<NotificationState> {
  const state = await records.getNotification(deps.table, { tenantId: caller.tenantId, notificationId });
  if (state === undefined) throw absent(notificationId);
  return state;
}

function absent(notificationId: string): AppError {
  return new AppError("not_found", `there is no receiver ${notificationId}`, { next: "list them: steward notify ls" });
}

function view(state: NotificationState): NotificationView {
  const { notificationId, name, kind, url, events, createdBy, createdAtMs, leastSeverity, quietHours } = state;
  return {
    id: notificationId,
    name,
    kind,
    url,
    events,
    ...(leastSeverity === undefined ? {} : { leastSeverity }),
    ...(quietHours === undefined ? {} : { quietHours }),
    confirmed: state.unconfirmed === undefined,
    createdBy,
    createdAt: new Date(createdAtMs).toISOString(),
  };
}

function deliveryView(notice: NoticeState, receiver: string): DeliveryView {
  const delivery = notice.deliveries[receiver];
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  const isOpen = notice.endedAtMs === undefined && delivery?.status !== "delivered" && delivery?.status !== "failed";
  const nextAtMs = delivery === undefined ? notice.dueAtMs : nextAttemptAtMs(delivery);
  return {
    id: notice.noticeId,
    event: notice.event,
    ...(notice.taskId === undefined ? {} : { taskId: notice.taskId }),
    ...(notice.alertIds === undefined ? {} : { alertIds: notice.alertIds }),
    createdAt: iso(notice.createdAtMs),
    status: delivery?.status ?? (notice.endedAtMs === undefined ? "waiting" : "failed"),
    attempts: delivery?.attempts ?? 0,
    // What is only held there was not tried.
    ...(delivery === undefined || delivery.attempts === 0 ? {} : { lastAttemptAt: iso(delivery.lastAttemptAtMs) }),
    ...(isOpen && nextAtMs !== undefined ? { nextAttemptAt: iso(nextAtMs) } : {}),
    ...(delivery?.reason === undefined ? {} : { reason: delivery.reason }),
  };
}

function audit(
  deps: Deps,
  caller: Caller,
  what: string,
  before: NotificationState | undefined,
  after: NotificationState | NoticeState,
) {
  return audited(deps.nowMs(), {
    tenantId: caller.tenantId,
    who: caller.principal.id,
    what,
    record: "notificationId" in after ? after.notificationId : after.noticeId,
    before,
    after,
    requestId: caller.requestId,
  });
}
