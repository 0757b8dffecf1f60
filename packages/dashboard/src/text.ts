// Pure: what things are called, and what strangers' text looks like. Tested by text.test.ts.
import type { Health } from "@steward/contracts/heartbeat";
import type { RunStatus, TaskStatus } from "@steward/contracts/states";

/** How something is meant; colour and sign follow from it. `mock`: nothing was changed for real. */
export type Tone = "good" | "bad" | "wait" | "busy" | "still" | "mock";
export interface Term {
  text: string;
  tone: Tone;
}

const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Control, bidi and invisible characters as escapes: what a machine says cannot change how the rest reads. */
export function visible(text: string): string {
  return text.replace(hidden, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for text of several lines: a line break and a tab stay what they are. */
export function visibleLines(text: string): string {
  return text
    .split("\n")
    .map((line) => line.split("\t").map(visible).join("\t"))
    .join("\n");
}

/** `now`, `40 s ago`, `in 5 min`, `3 h ago`, `2 days ago`. Empty for what is no time. */
export function ago(iso: string, nowMs: number): string {
  const seconds = Math.round((nowMs - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return "";
  const text = spanText(Math.abs(seconds));
  if (Math.abs(seconds) < 3) return "now";
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}

/** `40 s`, `5 min`, `3 h`, `2 days`. */
export function spanText(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** `980`, `12.4k`, `3.1M`. */
export function countText(count: number): string {
  if (Math.abs(count) < 10_000) return String(Math.round(count));
  if (Math.abs(count) < 1_000_000) return `${(count / 1000).toFixed(1)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** `1 appliance`, `3 appliances`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`;
}

export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export const taskTerms: Record<TaskStatus, Term> = {
  queued: { text: "queued", tone: "still" },
  thinking: { text: "thinking", tone: "busy" },
  needs_input: { text: "needs an answer", tone: "wait" },
  awaiting_approval: { text: "needs approval", tone: "wait" },
  running: { text: "running", tone: "busy" },
  cancelling: { text: "cancelling", tone: "busy" },
  succeeded: { text: "succeeded", tone: "good" },
  simulated: { text: "simulated", tone: "mock" },
  failed: { text: "failed", tone: "bad" },
  rejected: { text: "rejected", tone: "still" },
  expired: { text: "expired", tone: "still" },
  cancelled: { text: "cancelled", tone: "still" },
};

export const runTerms: Record<RunStatus, Term> = {
  pending: { text: "waits", tone: "still" },
  sent: { text: "called", tone: "busy" },
  running: { text: "running", tone: "busy" },
  unreachable: { text: "unreachable", tone: "wait" },
  undoing: { text: "undoing", tone: "busy" },
  succeeded: { text: "succeeded", tone: "good" },
  failed: { text: "failed", tone: "bad" },
  simulated: { text: "simulated", tone: "mock" },
  undone: { text: "undone", tone: "wait" },
  expired: { text: "expired", tone: "still" },
  cancelled: { text: "cancelled", tone: "still" },
};

export const healthTerms: Record<Health, Term> = {
  healthy: { text: "healthy", tone: "good" },
  warning: { text: "warning", tone: "wait" },
  critical: { text: "critical", tone: "bad" },
  offline: { text: "offline", tone: "still" },
};

/** A status that this page does not know yet (it is older than the API) is shown as it is. */
export function termOf<Key extends string>(terms: Record<Key, Term>, key: string): Term {
  return (terms as Record<string, Term>)[key] ?? { text: visible(key.replaceAll("_", " ")), tone: "still" };
}

const queueTitles: Record<string, string> = {
  "inference-express": "Express",
  "inference-standard": "Standard",
  "inference-bulk": "Bulk",
  escalations: "Escalations",
  rollouts: "Rollouts",
  "node-events": "Node events",
  notifications: "Notifications",
};

export function queueTitle(name: string): string {
  return queueTitles[name] ?? visible(name);
}

/** What was asked for, in one line. */
export function taskTitle(task: {
  instruction?: string | undefined;
  plan?: { steps: readonly { action: string; variables: Record<string, unknown> }[] } | undefined;
}): string {
  if (task.instruction !== undefined) return visible(task.instruction);
  const steps = (task.plan?.steps ?? []).map((step) =>
    [step.action, ...Object.entries(step.variables).map(([name, value]) => `${name}=${plainValue(value)}`)].join(" "),
  );
  return steps.length === 0 ? "Explicit steps" : visible(steps.join("; "));
}

function plainValue(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

export function targetsText(targets: readonly { name: string }[]): string {
  if (targets.length === 0) return "";
  const names = targets.slice(0, 2).map((target) => visible(target.name));
  return targets.length > 2 ? `${names.join(", ")} and ${targets.length - 2} more` : names.join(", ");
}
