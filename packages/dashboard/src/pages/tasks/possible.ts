import { type Role, hasRole } from "@steward/contracts/roles";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";

/** Who looks. `kind`: a yes, a no and an opened secret are a person's. */
export interface Looker {
  id: string;
  kind: "person" | "token";
  role: Role | undefined;
}

export const verbs = [
  "answer",
  "approve",
  "reject",
  "breakGlass",
  "preview",
  "pause",
  "resume",
  "cancel",
  "retry",
  "undo",
  "escalate",
  "feedback",
] as const;
export type Verb = (typeof verbs)[number];

/**
 * What this person can do about this task now: the same rules as the API's, so that a page shows no button that would be
 * refused. Where the two differ, the API is right, and says so.
 */
export function possibleVerbs(task: TaskView, looker: Looker, nowMs: number): ReadonlySet<Verb> {
  const can = new Set<Verb>();
  const { role } = looker;
  if (role === undefined) return can;
  const { status, rollout, plan } = task;
  const operates = hasRole(role, "operator");
  const isPerson = looker.kind === "person";
  const holds = plan !== undefined && nowMs < plan.expiresAtMs;
  if (operates) {
    if (status === "needs_input") can.add("answer");
    if (status === "awaiting_approval") {
      if (isPerson) can.add("approve").add("reject");
      if (plan?.mode === "apply" && task.previewOf === undefined) can.add("preview");
    }
    if (status === "running" && rollout?.status === "running" && rollout.stopped === undefined) can.add("pause");
    if (rollout?.status === "paused" && !taskHasEnded(status)) can.add("resume");
    if (!taskHasEnded(status) && status !== "cancelling") can.add("cancel");
    if (holds && mayRetry(task)) can.add("retry");
    if (holds && mayUndo(task)) can.add("undo");
  }
  const isHeld = status === "awaiting_approval" || (status === "running" && rollout?.hold !== undefined);
  if (isPerson && holds && isHeld && hasRole(role, "approver")) can.add("breakGlass");
  const isOwnQuestion = task.kind === "support" && task.requestedBy.id === looker.id;
  if ((operates || isOwnQuestion) && needsHelp(task)) can.add("escalate");
  if (plan !== undefined || task.answer !== undefined || (status === "failed" && task.instruction !== undefined))
    can.add("feedback");
  return can;
}

function countsOf(task: TaskView) {
  const { failed = 0, cancelled = 0, undone = 0, succeeded = 0 } = task.result?.counts ?? {};
  return { failed, cancelled, undone, succeeded };
}

/** An undo that is tried again is tried where it failed; a change also where it never came to, or was taken back. */
function mayRetry(task: TaskView): boolean {
  if (task.status !== "failed" && task.status !== "succeeded") return false;
  const { failed, cancelled, undone } = countsOf(task);
  return (task.rollout?.operation === "undo" ? failed : failed + cancelled + undone) > 0;
}

function mayUndo(task: TaskView): boolean {
  const { status, plan, mode, rollout } = task;
  if (status !== "succeeded" && status !== "failed" && status !== "cancelled") return false;
  if (plan === undefined || mode === "check" || plan.steps.every((step) => step.undo === "none")) return false;
  const { succeeded, failed, cancelled } = countsOf(task);
  return succeeded + failed + (rollout?.round === undefined ? 0 : cancelled) > 0;
}

function needsHelp({ kind, status, escalation }: TaskView): boolean {
  if (escalation !== undefined && escalation.answer === undefined) return false;
  if (["failed", "rejected", "expired", "needs_input"].includes(status)) return true;
  return kind === "support" && status === "succeeded";
}

/** The task waits for somebody: a plan for a yes, a question for an answer, a wave for a word. */
export function waitsForWord(task: Pick<TaskView, "status" | "rollout">): boolean {
  if (task.status === "needs_input" || task.status === "awaiting_approval") return true;
  return task.status === "running" && task.rollout?.paused !== undefined;
}
