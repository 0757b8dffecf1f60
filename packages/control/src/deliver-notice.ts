import { getNotice, replaceNotice } from "@steward/aws/records/notice";
import { listNotifications } from "@steward/aws/records/notification";
import type { Mail } from "@steward/aws/mail";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import type { Handed } from "@steward/aws/topics";
import { AppError, hasCode } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { WebhookBody } from "@steward/contracts/notification";
import { redactText } from "@steward/contracts/redact";
import type { AlertState } from "@steward/core/alert/alert-state";
import { noticeText } from "@steward/core/notification/notice-text";
import { stillHolds, whoWasTold } from "@steward/core/notification/notices-of";
import type { NoticeState, NotificationState } from "@steward/core/notification/notification-state";
import { isUndelivered, receiversOf, reduceNotice } from "@steward/core/notification/reduce-notice";
import type { Context, WithSigner } from "./context.ts";
import { bodyOf, subjectOf } from "./notice-body.ts";
import { signRequest } from "./sign-request.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log" | "meter"> &
  WithSigner & {
    /** `fetchOutside`, with what this installation lists. */
    fetchOutside: (
      url: string,
      request: { method: "POST"; headers: Record<string, string>; body: string; maxBytes: number; timeoutMs: number },
    ) => Promise<{ status: number }>;
    sendMail: (mail: Mail) => Promise<Handed>;
    publish: (message: {
      topicArn: string;
      subject: string;
      body: string;
      attributes: Readonly<Record<string, string>>;
    }) => Promise<Handed>;
    /** Who mail comes from; absent: this installation sends none. */
    mailFrom?: string;
    apiUrl: string;
  };

/** A receiver has so long; whoever needs more answers first and works then. */
const timeoutMs = 10_000;
/** Of its answer only the status counts. */
const maxAnswerBytes = 64 * 1024;

/**
 * Tells everybody who wants to know, once each as far as that can be known: whoever takes a notice to send it holds it for
 * two minutes, and one that was sent by somebody who then died is sent again under the same id.
 */
export async function deliverNotice(deps: Deps, message: { tenantId: string; noticeId: string }): Promise<void> {
  const { tenantId, noticeId } = message;
  const found = await getNotice(deps.table, { tenantId, noticeId });
  if (found === undefined) return;
  const taken = reduceNotice(found, { type: "take" }, deps.nowMs()).state;
  if (taken === found) return;
  try {
    await commit(deps.table, [replaceNotice(found, taken)]);
  } catch (error) {
    // Another one has it.
    if (hasCode(error, "conflict")) return;
    throw error;
  }
  const [subject, known] = await Promise.all([subjectOf(deps, found), receiversFor(deps, found)]);
  const receivers =
    found.event === "alert.resolved" ? whoWasTold(known, await toldOf(deps, tenantId, subject.alerts)) : known;
  const { all, now, held } = receiversOf(found, receivers, deps.nowMs());
  if (all.length === 0 || !stillHolds(found, subject)) return store(deps, taken, { type: "drop" });
  const body = bodyOf(found, subject);
  const outcomes = Object.fromEntries(
    await Promise.all(now.map(async (one) => [one.notificationId, await send(deps, one, body)] as const)),
  );
  await store(deps, taken, { type: "attempted", receivers: all.map((one) => one.notificationId), outcomes, held });
}

/** A tenant's own; but whoever asks its provider has the provider told, whose receivers are nobody else's to read. */
async function receiversFor(deps: Deps, { event, tenantId }: NoticeState): Promise<NotificationState[]> {
  if (event !== "task.escalated") return listNotifications(deps.table, tenantId);
  return actForSystem("a tenant asks its provider", () => listNotifications(deps.table, providerTenantId));
}

/** The notices that told of these alerts' openings; undefined for what is kept no longer. */
async function toldOf(deps: Deps, tenantId: string, alerts: AlertState[]): Promise<(NoticeState | undefined)[]> {
  const ids = [...new Set(alerts.flatMap(({ told }) => told?.notices ?? []))];
  return Promise.all(ids.map((noticeId) => getNotice(deps.table, { tenantId, noticeId })));
}

async function store(deps: Deps, taken: NoticeState, event: Parameters<typeof reduceNotice>[1]): Promise<void> {
  const { state } = reduceNotice(taken, event, deps.nowMs());
  await commit(deps.table, [replaceNotice(taken, state)]);
  if (state.event.startsWith("alert.") && isUndelivered(state)) {
    deps.meter("AlertsUndelivered", 1);
    deps.log("warn", "alert_undelivered", { tenantId: state.tenantId, noticeId: state.noticeId, event: state.event });
  }
}

type Outcome = { delivered: boolean; final?: boolean; reason?: string };

async function send(deps: Deps, receiver: NotificationState, body: WebhookBody): Promise<Outcome> {
  const outcome = await attempt(deps, receiver, body);
  deps.meter("NoticesSent", 1, { Outcome: outcome.delivered ? "delivered" : "failed" });
  return outcome;
}

async function attempt(deps: Deps, receiver: NotificationState, body: WebhookBody): Promise<Outcome> {
  switch (receiver.kind) {
    case "webhook":
      return callWebhook(deps, receiver, body);
    case "email":
      return mail(deps, receiver, body);
    case "sns": {
      const { subject } = noticeText(body, deps.apiUrl);
      const attributes = { event: body.event, tenantId: body.tenantId, noticeId: body.id };
      return outcomeOf(await deps.publish({ topicArn: receiver.url, subject, body: JSON.stringify(body), attributes }));
    }
    default:
      return receiver.kind satisfies never;
  }
}

async function mail(deps: Deps, receiver: NotificationState, body: WebhookBody): Promise<Outcome> {
  const { mailFrom } = deps;
  if (mailFrom === undefined) return { delivered: false, reason: "this installation sends no mail" };
  const to = receiver.url.slice("mailto:".length);
  return outcomeOf(await deps.sendMail({ from: mailFrom, to, messageId: body.id, ...noticeText(body, deps.apiUrl) }));
}

function outcomeOf(handed: Handed): Outcome {
  if (handed.taken) return { delivered: true };
  return { delivered: false, final: handed.final ?? false, reason: redactText(handed.reason) };
}

async function callWebhook(deps: Deps, receiver: NotificationState, told: WebhookBody): Promise<Outcome> {
  const body = JSON.stringify(told);
  const headers = { "content-type": "application/json", "webhook-id": told.id };
  try {
    const signed = await signRequest(deps.signer, { url: receiver.url, headers, body, nowMs: deps.nowMs() });
    const answer = await deps.fetchOutside(receiver.url, {
      method: "POST",
      headers: signed,
      body,
      maxBytes: maxAnswerBytes,
      timeoutMs,
    });
    if (answer.status >= 200 && answer.status < 300) return { delivered: true };
    // Gone means that nothing will ever be there again; every other refusal may be mended at the other side.
    return { delivered: false, final: answer.status === 410, reason: `it answered ${answer.status}` };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { delivered: false, reason: redactText(error.message).slice(0, 300) };
  }
}
