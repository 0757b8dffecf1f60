// Pure: what things are called, and what strangers' text looks like. Tested by text.test.ts.

const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/**
 * Control, bidi and invisible characters as escapes: what a machine says cannot change how the rest reads.
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(hidden, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/**
 * `now`, `40 s ago`, `5 min ago`, `3 h ago`, `2 days ago`.
 * @param {string} iso
 * @param {number} nowMs
 * @returns {string}
 */
export function ago(iso, nowMs) {
  const seconds = Math.round((nowMs - Date.parse(iso)) / 1000);
  if (Number.isNaN(seconds)) return "";
  if (seconds < 3) return "now";
  if (seconds < 100) return `${seconds} s ago`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

/** What a task's status is called here, and how it is meant: `good`, `bad`, `wait`, `busy`, `still`. */
export const taskStatuses = {
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

/**
 * @param {{ instruction?: string, plan?: { steps: { action: string, variables: Record<string, unknown> }[] } }} task
 * @returns {string}
 */
export function taskTitle(task) {
  if (task.instruction !== undefined) return visible(task.instruction);
  const steps = (task.plan?.steps ?? []).map((step) =>
    [step.action, ...Object.entries(step.variables).map(([name, value]) => `${name}=${String(value)}`)].join(" "),
  );
  return steps.length === 0 ? "Explicit steps" : visible(steps.join("; "));
}

/**
 * @param {{ name: string }[]} targets
 * @returns {string}
 */
export function targetsText(targets) {
  if (targets.length === 0) return "";
  const names = targets.slice(0, 2).map((target) => visible(target.name));
  return targets.length > 2 ? `${names.join(", ")} and ${targets.length - 2} more` : names.join(", ");
}

/**
 * The one line under a task: its question, why it waits, how it ended.
 * @param {{ id: string, status: string, mode?: string, question?: { text: string }, result?: { message: string } }} task
 * @returns {string}
 */
export function taskNote(task) {
  if (task.status === "needs_input") return visible(task.question?.text ?? "It has a question.");
  if (task.status === "awaiting_approval") return `steward tasks approve ${task.id}`;
  const message = task.result === undefined ? "" : visible(task.result.message);
  if (task.status === "simulated") return `Simulated: nothing was changed. ${message}`.trim();
  return message;
}

const order = { critical: 0, offline: 1, warning: 2, healthy: 3 };

/**
 * The worst first, then by name.
 * @template {{ health: "healthy" | "warning" | "critical" | "offline", name: string }} Node
 * @param {readonly Node[]} nodes
 * @returns {Node[]}
 */
export function byHealth(nodes) {
  return [...nodes].sort(
    (a, b) => order[a.health] - order[b.health] || a.name.localeCompare(b.name, "en", { numeric: true }),
  );
}

/** @type {Record<string, string>} */
const queueTitles = {
  "inference-express": "Express",
  "inference-standard": "Standard",
  "inference-bulk": "Bulk",
  escalations: "Escalations",
  rollouts: "Rollouts",
  "node-events": "Node events",
  notifications: "Notifications",
};

/**
 * @param {string} name
 * @returns {string}
 */
export function queueTitle(name) {
  return queueTitles[name] ?? visible(name);
}
