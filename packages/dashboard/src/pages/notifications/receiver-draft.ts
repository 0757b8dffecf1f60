import type { Severity } from "@steward/contracts/alert";
import {
  type CreateNotification,
  kindOfUrl,
  type NotificationEvent,
  notificationEvents,
  type NotificationKind,
} from "@steward/contracts/notification";

/** What somebody is typing about a receiver. */
export interface ReceiverDraft {
  where: string;
  name: string;
  events: ReadonlySet<NotificationEvent>;
  leastSeverity: Severity | undefined;
  quiet: boolean;
  begins: string;
  ends: string;
  timeZone: string;
  exceptCritical: boolean;
}

export function newDraft(timeZone: string): ReceiverDraft {
  return {
    where: "",
    name: "",
    events: new Set(notificationEvents),
    leastSeverity: undefined,
    quiet: false,
    begins: "22:00",
    ends: "07:00",
    timeZone,
    exceptCritical: true,
  };
}

/** An address is written as people write it. */
export function urlOf(where: string): string {
  const text = where.trim();
  return /^[^\s@:/]+@[^\s@]+$/.test(text) ? `mailto:${text}` : text;
}

/** What it is called where nobody says: its address, its host, or the topic's name. */
export function nameOf(where: string): string {
  const url = urlOf(where);
  if (url.startsWith("mailto:")) return url.slice("mailto:".length).slice(0, 80);
  if (url.startsWith("arn:")) return url.split(":").at(-1)?.slice(0, 80) ?? url;
  return URL.canParse(url) ? new URL(url).hostname : "";
}

type DraftProblems = Partial<Record<"where" | "events" | "quiet", string>>;

/** What the API would refuse, said before it does. */
export function problemsOf(draft: ReceiverDraft): DraftProblems {
  const problems: DraftProblems = {};
  const url = urlOf(draft.where);
  if (url === "") problems.where = "Say where: a webhook, an e-mail address, or a topic";
  else if (kindOfUrl(url) === undefined) {
    problems.where =
      "Must be https://…, an e-mail address, or the ARN of a topic whose name begins with steward-notices-";
  }
  if (draft.events.size === 0) problems.events = "Choose at least one";
  if (draft.quiet && draft.begins === draft.ends) problems.quiet = "They must not begin when they end";
  return problems;
}

export function receiverOf(draft: ReceiverDraft): CreateNotification | undefined {
  if (Object.keys(problemsOf(draft)).length > 0) return undefined;
  const { where, name, events, leastSeverity, quiet, begins, ends, timeZone, exceptCritical } = draft;
  return {
    name: name.trim() === "" ? nameOf(where) : name.trim(),
    url: urlOf(where),
    events: notificationEvents.filter((event) => events.has(event)),
    ...(leastSeverity === undefined ? {} : { leastSeverity }),
    ...(quiet ? { quietHours: { begins, ends, timeZone, exceptCritical } } : {}),
  };
}

/**
 * A receiver's address without what may be a secret in it. Whoever has the whole address of many chat tools' webhooks can
 * write there: of a webhook only its host and the first word of its path are shown, also to an admin behind whom somebody
 * stands.
 */
export function shownAddress({ kind, url }: { kind: NotificationKind; url: string }): string {
  if (kind === "email") return url.replace(/^mailto:/, "");
  if (kind === "sns") return url;
  if (!URL.canParse(url)) return "…";
  const { protocol, host, pathname, search } = new URL(url);
  const [first = "", ...rest] = pathname.split("/").filter((part) => part !== "");
  const shownFirst = first.length > 24 ? "…" : first;
  const hidden = rest.length > 0 || search !== "" ? "/…" : "";
  return `${protocol}//${host}${first === "" ? "" : `/${shownFirst}`}${shownFirst === "…" ? "" : hidden}`;
}

export const kindNames: Record<NotificationKind, string> = { webhook: "Webhook", email: "E-mail", sns: "SNS topic" };

export const eventNames: Record<NotificationEvent, { name: string; when: string }> = {
  "task.awaiting_approval": { name: "A plan needs a yes", when: "a plan waits for somebody's yes" },
  "task.needs_input": { name: "A question is open", when: "something is missing that only a person knows" },
  "task.expiring": { name: "An hour is left", when: "one of the two ends soon" },
  "task.finished": { name: "A task has ended", when: "however it ended" },
  "task.escalated": { name: "A customer asks for a person", when: "told to the provider's own receivers only" },
  "alert.raised": { name: "A machine is not well", when: "or silent" },
  "alert.resolved": { name: "It is well again", when: "and has stayed so for ten minutes" },
  "alert.escalated": { name: "An alert is left alone", when: "a critical one that nobody acknowledged in time" },
};

export function eventText(event: string): string {
  if (event === "test") return "Test";
  if (event === "confirm") return "Code to confirm";
  return Object.hasOwn(eventNames, event) ? eventNames[event as NotificationEvent].name : event;
}

export function eventsText(events: readonly NotificationEvent[]): string {
  if (events.length === notificationEvents.length) return "everything";
  const alerts = events.filter((event) => event.startsWith("alert."));
  const tasks = events.filter((event) => event.startsWith("task."));
  const all = (kind: string) => notificationEvents.filter((event) => event.startsWith(kind)).length;
  if (tasks.length === 0 && alerts.length === all("alert.")) return "alerts";
  if (alerts.length === 0 && tasks.length === all("task.")) return "tasks";
  return events.map((event) => eventText(event).toLowerCase()).join(", ");
}
