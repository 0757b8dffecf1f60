import type { TaskView } from "@steward/contracts/task";

/** Where a request is on its way, as the page shows it. */
export const phases = ["ask", "understand", "plan", "run", "done"] as const;
export type Phase = (typeof phases)[number];

export const phaseTitles: Record<Phase, string> = {
  ask: "Ask",
  understand: "Understand",
  plan: "Plan",
  run: "Run",
  done: "Done",
};

export function phaseOf(task: Pick<TaskView, "status"> | undefined): Phase {
  switch (task?.status) {
    case undefined:
      return "ask";
    case "queued":
    case "thinking":
    case "needs_input":
      return "understand";
    case "awaiting_approval":
      return "plan";
    case "running":
    case "cancelling":
      return "run";
    default:
      return "done";
  }
}

/** How far it came: what was refused or failed before it had a plan never ran. */
export function reachedBy(task: TaskView): Phase {
  const phase = phaseOf(task);
  if (phase !== "done" || task.status === "succeeded" || task.status === "simulated") return phase;
  if (task.plan === undefined) return "understand";
  return (task.runs ?? []).length === 0 && (task.waves ?? []).length === 0 ? "plan" : "run";
}

/** It waits for a person. */
export function waitsForSomebody({ status, rollout }: Pick<TaskView, "status" | "rollout">): boolean {
  return status === "needs_input" || status === "awaiting_approval" || rollout?.paused !== undefined;
}

/** What happens with a request just now, or what became of it, as one says it to whoever asked. */
export function plainStatus(task: TaskView, me: string): string {
  const { status, gate, rollout, result } = task;
  const counts = result?.counts ?? countsOf(task);
  const all = task.targetCount ?? task.targets.length;
  switch (status) {
    case "queued":
      return task.kind === "support" ? "Waits to be answered" : "Waits to be understood";
    case "thinking":
      return task.kind === "support" ? "Being answered" : "Being understood";
    case "needs_input":
      return "Has a question for you";
    case "awaiting_approval":
      if (gate?.approver === "other")
        return task.requestedBy.id === me ? "Waits for somebody else’s yes" : "Waits for an approver’s yes";
      return gate?.approver === "break_glass" ? "Is more than one change may do" : "Waits for your yes";
    case "running":
      if (rollout?.paused !== undefined) return "Paused";
      // A list of tasks tells no waves.
      return `${rollout?.operation === "undo" ? "Being taken back" : "Being done"}${all > 1 && task.waves !== undefined ? `: ${endedOf(counts)} of ${all} appliances` : ""}`;
    case "cancelling":
      return "Being stopped";
    case "succeeded":
      if (result?.undone === true) return "Taken back";
      return task.kind === "support" ? "Answered" : task.mode === "check" ? "Checked" : "Done";
    case "simulated":
      return "Simulated: nothing was changed";
    case "failed":
      return task.plan === undefined
        ? task.kind === "support"
          ? "Could not be answered"
          : "Was not understood or not allowed"
        : `Did not work${all > 1 && counts["failed"] ? ` on ${counts["failed"]} of ${all} appliances` : ""}`;
    case "rejected":
      return "Refused";
    case "expired":
      return "Came to nothing in time";
    case "cancelled":
      return "Stopped";
  }
}

/** Runs of all waves, by status. */
export function countsOf({ waves = [] }: Pick<TaskView, "waves">): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const wave of waves)
    for (const [status, count] of Object.entries(wave.counts)) counts[status] = (counts[status] ?? 0) + count;
  return counts;
}

const underWay = ["pending", "sent", "running", "undoing"];
function endedOf(counts: Record<string, number>): number {
  return Object.entries(counts).reduce((sum, [status, count]) => (underWay.includes(status) ? sum : sum + count), 0);
}

/** Whether a plan's values may still be changed by asking for it anew. */
export function mayEdit(task: TaskView): boolean {
  return task.status === "awaiting_approval" && task.plan !== undefined && task.previewOf === undefined;
}
