import type { StepResult } from "@steward/contracts/run";

/** What the ledger knows of one attempt of a run. */
export interface Attempt {
  attempt: number;
  operation?: "undo" | undefined;
  planHash: string;
  state: "prepared" | "started" | "finished" | "reported" | "dropped";
  /** Steps that had ended, in the plan's order. */
  steps: readonly StepResult[];
  result?: { reason?: string | undefined; steps: readonly StepResult[] } | undefined;
}

/**
 * Which steps of a plan this run has done on this appliance and not taken back: what an undo may touch, and nothing else.
 * A step that failed, or in whose middle the agent was killed, may have done a part of it; its record says what.
 */
export function stepsToUndo(attempts: readonly Attempt[], stepCount: number): boolean[] {
  const done = Array.from({ length: stepCount }, () => false);
  for (const attempt of attempts.toSorted((a, b) => a.attempt - b.attempt)) {
    if (attempt.state === "prepared" || attempt.state === "dropped") continue;
    const steps = attempt.result?.steps ?? attempt.steps;
    for (const [index, { status }] of steps.entries()) {
      if (index >= stepCount) break;
      if (status === "succeeded" || status === "failed") done[index] = true;
      if (status === "undone") done[index] = false;
    }
    const isCut = attempt.result?.reason === "interrupted" && attempt.operation !== "undo";
    if (isCut && steps.length < stepCount) done[steps.length] = true;
  }
  return done;
}
