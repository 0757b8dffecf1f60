import type { WebhookBody } from "@steward/contracts/notification";

const sentences: Readonly<Record<WebhookBody["event"], string>> = {
  "task.awaiting_approval": "A plan waits for your yes",
  "task.needs_input": "A question is open",
  "task.expiring": "A task has an hour left",
  "task.finished": "A task has ended",
  "task.escalated": "A customer asks for you",
  "alert.raised": "Something is wrong",
  "alert.resolved": "It is over",
  "alert.escalated": "Nobody has looked yet",
  test: "This is a test",
  confirm: "Do you want to be told by Steward?",
};

/** The same as a webhook is told, in words: for a mail, and for a topic's readers. */
export function noticeText(body: WebhookBody, apiUrl: string): { subject: string; text: string } {
  const { event, task, alerts = [], code } = body;
  const [first] = alerts;
  const more = alerts.length > 1 ? ` (and ${alerts.length - 1} more)` : "";
  const about = first?.summary ?? task?.instruction ?? task?.actions.join(", ");
  const level = event === "alert.raised" && first !== undefined ? `[${worstOf(alerts)}] ` : "";
  const subject = `${level}${sentences[event]}${about === undefined ? "" : `: ${about}`}${more}`;
  const lines: (string | undefined)[] = [
    `${sentences[event]}.`,
    "",
    ...alerts.flatMap(({ id, severity, summary, startsAt, resolvedAt }) => [
      `${severity}: ${summary}, since ${startsAt}${resolvedAt === undefined ? "" : ` until ${resolvedAt}`}`,
      event === "alert.resolved" ? undefined : `  steward alerts ack ${id}`,
    ]),
    ...(task === undefined
      ? []
      : [
          task.instruction === undefined ? undefined : `"${task.instruction}"`,
          `${task.actions.join(", ") || "no plan"} on ${task.appliances} appliances; ${task.status}`,
          task.question,
          task.message,
          task.escalation?.note,
          task.expiresAt === undefined ? undefined : `until ${task.expiresAt}`,
          `  steward tasks show ${task.id}`,
        ]),
    ...(code === undefined
      ? []
      : [
          "Somebody wants this address or topic to be told of what happens to their machines. If that is right, give them this code:",
          "",
          `  ${code}`,
          "",
          "If it is not, do nothing: nothing more comes.",
        ]),
    "",
    `${body.id} of ${body.tenantId} at ${apiUrl}`,
  ];
  return { subject: oneLine(subject).slice(0, 200), text: lines.filter((line) => line !== undefined).join("\n") };
}

function worstOf(alerts: NonNullable<WebhookBody["alerts"]>): string {
  return alerts.some(({ severity }) => severity === "critical") ? "critical" : "warning";
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ");
}
