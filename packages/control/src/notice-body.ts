import { getAlert } from "@steward/aws/records/alert";
import { getNode } from "@steward/aws/records/node";
import { getTask } from "@steward/aws/records/task";
import type { WebhookBody } from "@steward/contracts/notification";
import { redactText } from "@steward/contracts/redact";
import type { AlertState } from "@steward/core/alert/alert-state";
import { summaryOf } from "@steward/core/alert/summary-of";
import type { NoticeState } from "@steward/core/notification/notification-state";
import type { Escalation, TaskState } from "@steward/core/task/task-state";
import type { Context } from "./context.ts";

/** What a notice is about, as it is now. */
export interface NoticeSubject {
  task: TaskState | undefined;
  alerts: AlertState[];
  /** Names of the alerts' nodes, by id. */
  names: ReadonlyMap<string, string>;
}

const shownCharacters = 200;
/** A heartbeat can have two dozen things wrong. */
const shownAlerts = 25;

export async function subjectOf(deps: Pick<Context, "table">, notice: NoticeState): Promise<NoticeSubject> {
  const { tenantId, taskId, alertIds = [] } = notice;
  const [task, ...alerts] = await Promise.all([
    taskId === undefined ? undefined : getTask(deps.table, { tenantId, taskId }),
    ...alertIds.slice(0, shownAlerts).map((alertId) => getAlert(deps.table, { tenantId, alertId })),
  ]);
  const known = alerts.filter((alert) => alert !== undefined) as AlertState[];
  const nodeIds = [...new Set(known.flatMap(({ nodeId }) => nodeId ?? []))];
  const nodes = await Promise.all(nodeIds.map((nodeId) => getNode(deps.table, { tenantId, nodeId })));
  const names = new Map(nodes.flatMap((node) => (node === undefined ? [] : [[node.nodeId, node.name] as const])));
  return { task, alerts: known, names };
}

/** What is told: what happened and where to look, and no value of the plan. */
export function bodyOf(notice: NoticeState, { task, alerts, names }: NoticeSubject): WebhookBody {
  const iso = (timeMs: number) => new Date(timeMs).toISOString();
  const short = (text: string) => redactText(text).slice(0, shownCharacters).toWellFormed();
  const { noticeId, event, createdAtMs, tenantId, code } = notice;
  return {
    v: 1,
    id: noticeId,
    event,
    at: iso(createdAtMs),
    tenantId,
    ...(code === undefined ? {} : { code }),
    ...(task === undefined ? {} : { task: taskIn(event, task, short) }),
    ...(alerts.length === 0
      ? {}
      : {
          alerts: alerts.map((alert) => {
            const name = names.get(alert.nodeId ?? "") ?? alert.nodeId ?? "";
            return {
              id: alert.alertId,
              kind: alert.kind,
              severity: alert.severity,
              status: alert.status,
              summary: short(summaryOf(alert, name)),
              ...(alert.nodeId === undefined ? {} : { node: { id: alert.nodeId, name } }),
              startsAt: iso(alert.startsAtMs),
              ...(alert.resolvedAtMs === undefined ? {} : { resolvedAt: iso(alert.resolvedAtMs) }),
            };
          }),
        }),
  };
}

function taskIn(
  event: NoticeState["event"],
  task: TaskState,
  short: (text: string) => string,
): NonNullable<WebhookBody["task"]> {
  const asked = ({ name, note }: Escalation) => ({ by: name, ...(note === undefined ? {} : { note: short(note) }) });
  return {
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
    ...(task.dueAtMs === undefined ? {} : { expiresAt: new Date(task.dueAtMs).toISOString() }),
  };
}
