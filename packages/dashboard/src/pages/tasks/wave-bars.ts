import type { Plan } from "@steward/contracts/plan";
import { type RunStatus, runHasEnded } from "@steward/contracts/states";
import type { TaskView, WaveView } from "@steward/contracts/task";
import { visible } from "../../text.ts";

/** What a bar is filled with, from its left end: what is done, what went wrong, what is under way, what is to come. */
const order: readonly RunStatus[] = [
  "succeeded",
  "simulated",
  "undone",
  "failed",
  "unreachable",
  "expired",
  "cancelled",
  "undoing",
  "running",
  "sent",
  "pending",
];

export interface Segment {
  status: RunStatus;
  count: number;
}

/** A wave's appliances by status; what has no run yet is to come, as `pending` is. Their sum is the wave's total. */
export function segmentsOf({ counts, total }: WaveView): Segment[] {
  const known = order.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
  return order.flatMap((status) => {
    const rest = status === "pending" ? Math.max(0, total - known) : 0;
    const count = (counts[status] ?? 0) + rest;
    return count === 0 ? [] : [{ status, count }];
  });
}

export interface Filling {
  ended: number;
  bad: number;
  underWay: number;
  total: number;
}

export function fillingOf(waves: readonly WaveView[]): Filling {
  const filling: Filling = { ended: 0, bad: 0, underWay: 0, total: 0 };
  for (const wave of waves) {
    filling.total += wave.total;
    for (const { status, count } of segmentsOf(wave)) {
      if (status === "failed" || status === "unreachable" || status === "expired") filling.bad += count;
      if (runHasEnded(status) || status === "unreachable") filling.ended += count;
      else if (status !== "pending") filling.underWay += count;
    }
  }
  return filling;
}

export type WaveState = "to come" | "under way" | "waits" | "done" | "stopped";

/** Where a wave is. `waits`: it is done, and the next one waits for somebody's word. */
export function waveState(wave: WaveView, task: Pick<TaskView, "rollout" | "status">): WaveState {
  const { ended, underWay, total } = fillingOf([wave]);
  if (task.rollout?.stopped?.wave === wave.wave) return "stopped";
  if (ended === total) return task.rollout?.paused?.afterWave === wave.wave ? "waits" : "done";
  return ended + underWay === 0 ? "to come" : "under way";
}

/** `3 of 10 appliances may fail; 1 has`: of the waves that have begun. Undefined where the plan is of one appliance. */
export function budgetOf(
  plan: Plan,
  waves: readonly WaveView[],
): { allowed: number; failed: number; text: string } | undefined {
  if (plan.targets.length < 2 && (waves[0]?.total ?? 0) < 2) return undefined;
  const begun = waves.filter((wave) => segmentsOf(wave).some(({ status }) => status !== "pending"));
  const size = begun.reduce((sum, wave) => sum + wave.total, 0);
  const failed = begun.reduce((sum, { counts }) => sum + (counts.failed ?? 0) + (counts.expired ?? 0), 0);
  const { errorBudget } = plan.rollout;
  const allowed =
    errorBudget === undefined
      ? 0
      : "count" in errorBudget
        ? errorBudget.count
        : Math.floor((size * errorBudget.percent) / 100);
  const may = allowed === 0 ? "None may fail" : `${allowed} may fail`;
  return {
    allowed,
    failed,
    text: `${may}; ${failed === 0 ? "none has" : `${failed} ${failed === 1 ? "has" : "have"}`}`,
  };
}

/** Why nothing more is sent, at the moment or for good; with what to do about it. */
export function rolloutNotice(
  task: TaskView,
): { tone: "wait" | "bad" | "still"; text: string; why?: string } | undefined {
  const { rollout } = task;
  if (rollout?.paused !== undefined) {
    const { afterWave, reason } = rollout.paused;
    const why = reason === undefined ? {} : { why: visible(reason) };
    if (afterWave === undefined) return { tone: "wait", text: "Paused. What was sent goes on.", ...why };
    return { tone: "wait", text: `Wave ${afterWave} is done; the next one waits for somebody's word.`, ...why };
  }
  if (rollout?.stopped !== undefined) {
    const what = rollout.stopped.cause === "canary" ? "the first wave, the canary" : `wave ${rollout.stopped.wave}`;
    return { tone: "bad", text: `Stopped in ${what}: ${visible(rollout.stopped.why)}` };
  }
  if (rollout?.hold !== undefined) return { tone: "still", text: visible(rollout.hold) };
  return undefined;
}
