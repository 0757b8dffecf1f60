import { getNotice, replaceNotice } from "@steward/aws/records/notice";
import { listNotifications } from "@steward/aws/records/notification";
import { getTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import { AppError, hasCode } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { WebhookBody } from "@steward/contracts/notification";
import { redactText } from "@steward/contracts/redact";
import { stillHolds } from "@steward/core/notification/notices-of";
import type { NoticeState, NotificationState } from "@steward/core/notification/notification-state";
import { receiversOf, reduceNotice } from "@steward/core/notification/reduce-notice";
import type { Escalation, TaskState } from "@steward/core/task/task-state";
import type { Context, WithSigner } from "./context.ts";
import { signRequest } from "./sign-request.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log" | "meter"> &
  WithSigner & {
    /** `fetchOutside`, with what this installation lists. */
    fetchOutside: (
      url: string,
      request: { method: "POST"; headers: Record<string, string>; body: string; maxBytes: number; timeoutMs: number },
    ) => Promise<{ status: number }>;
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
  const [task, receivers] = await Promise.all([
    found.taskId === undefined ? undefined : getTask(deps.table, { tenantId, taskId: found.taskId }),
    receiversFor(deps, found),
  ]);
  const { all, now } = receiversOf(found, receivers, deps.nowMs());
  if (all.length === 0 || !stillHolds(found, task)) return store(deps, taken, { type: "drop" });
  const body = JSON.stringify(bodyOf(found, task));
  const outcomes = Object.fromEntries(
    await Promise.all(now.map(async (one) => [one.notificationId, await send(deps, one, noticeId, body)] as const)),
  );
  await store(deps, taken, { type: "attempted", receivers: all.map((one) => one.notificationId), outcomes });
}

/** A tenant's own; but whoever asks its provider has the provider told, whose receivers are nobody else's to read. */
async function receiversFor(deps: Deps, { event, tenantId }: NoticeState): Promise<NotificationState[]> {
  if (event !== "task.escalated") return listNotifications(deps.table, tenantId);
  return actForSystem("a tenant asks its provider", () => listNotifications(deps.table, providerTenantId));
}

async function store(deps: Deps, taken: NoticeState, event: Parameters<typeof reduceNotice>[1]): Promise<void> {
  await commit(deps.table, [replaceNotice(taken, reduceNotice(taken, event, deps.nowMs()).state)]);
}

type Outcome = { delivered: boolean; final?: boolean; reason?: string };

async function send(deps: Deps, receiver: NotificationState, noticeId: string, body: string): Promise<Outcome> {
  const outcome = await attempt(deps, receiver, noticeId, body);
  deps.meter("NoticesSent", 1, { Outcome: outcome.delivered ? "delivered" : "failed" });
  return outcome;
}

async function attempt(deps: Deps, receiver: NotificationState, noticeId: string, body: string): Promise<Outcome> {
  const headers = { "content-type": "application/json", "webhook-id": noticeId };
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

const shownCharacters = 200;

/** What is told: what happened and where to look, and no value of the plan. */
function bodyOf(notice: NoticeState, task: TaskState | undefined): WebhookBody {
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  const { noticeId, event, createdAtMs, tenantId } = notice;
  const shared = { v: 1, id: noticeId, event, at: iso(createdAtMs), tenantId } as const;
  if (task === undefined) return shared;
  const asked = ({ name, note }: Escalation) => ({ by: name, ...(note === undefined ? {} : { note: short(note) }) });
  const short = (text: string) => redactText(text).slice(0, shownCharacters).toWellFormed();
  return {
    ...shared,
    task: {
      id: task.taskId,
      status: task.status,
      ...(task.instruction === undefined ? {} : { instruction: short(task.instruction) }),
      actions: (task.plan?.steps ?? []).map((step) => step.action),
      appliances: task.targets.length,
      ...(task.plan === undefined ? {} : { risk: task.plan.risk }),
      requestedBy: task.requestedBy,
      ...(task.approval === undefined ? {} : { approvedBy: task.approval.by }),
      ...(event === "task.escalated" && task.escalation !== undefined ? { escalation: asked(task.escalation) } : {}),
      ...(task.question === undefined ? {} : { question: short(task.question.text) }),
      ...(task.result === undefined ? {} : { message: short(task.result.message) }),
      ...(task.dueAtMs === undefined ? {} : { expiresAt: iso(task.dueAtMs) }),
    },
  };
}
