/** All states of all state machines. The transitions are tables in core. */
export const taskStatuses = [
  "queued",
  "thinking",
  "needs_input",
  "awaiting_approval",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "simulated",
  "rejected",
  "expired",
  "cancelled",
] as const;
export type TaskStatus = (typeof taskStatuses)[number];
export const endedTaskStatuses = ["succeeded", "failed", "simulated", "rejected", "expired", "cancelled"] as const;
export function taskHasEnded(status: TaskStatus): boolean {
  return (endedTaskStatuses as readonly string[]).includes(status);
}

export const rolloutStatuses = ["running", "paused", "cancelling", "succeeded", "failed", "cancelled"] as const;
export type RolloutStatus = (typeof rolloutStatuses)[number];

export const runStatuses = [
  "pending",
  "sent",
  "running",
  "unreachable",
  "undoing",
  "succeeded",
  "failed",
  "simulated",
  "undone",
  "expired",
  "cancelled",
] as const;
export type RunStatus = (typeof runStatuses)[number];
export function runHasEnded(status: RunStatus): boolean {
  return ["succeeded", "failed", "simulated", "undone", "expired", "cancelled"].includes(status);
}

export const jobStatuses = ["queued", "leased", "succeeded", "failed", "cancelled"] as const;
export type JobStatus = (typeof jobStatuses)[number];
export function jobHasEnded(status: JobStatus): boolean {
  return ["succeeded", "failed", "cancelled"].includes(status);
}

export const tiers = ["matcher", "ollama", "claude"] as const;
export type Tier = (typeof tiers)[number];

export const gateDecisions = ["allow", "needs_approval", "deny"] as const;
export type GateDecision = (typeof gateDecisions)[number];
