import type { Health } from "@steward/contracts/heartbeat";
import type { WorkerRequirement } from "@steward/contracts/queues";

/** A worker as its last heartbeat has it. Percentages are absent before the first one. */
export interface Candidate {
  id: string;
  health: Health;
  /** It would take a job: alive, with a model, not draining, not shut out. */
  ready: boolean;
  slots: number;
  used: number;
  models: readonly string[];
  gpuMemoryMb: number;
  cpuPercent?: number;
  memoryPercent?: number;
}

export type ScorePartName = "cpu" | "memory" | "activeJobs" | "health";
export interface ScorePart {
  name: ScorePartName;
  /** Of 100. */
  weight: number;
  /** 0 to 1: how much of the weight the worker gets. */
  value: number;
  points: number;
}
export interface Score {
  total: number;
  parts: ScorePart[];
}

/** What counts how much, out of 100. */
export const scoreWeights: Readonly<Record<ScorePartName, number>> = {
  cpu: 40,
  memory: 30,
  activeJobs: 20,
  health: 10,
};

const healthValues: Readonly<Record<Health, number>> = { healthy: 1, warning: 0.5, critical: 0, offline: 0 };

export function scoreWorker(worker: Candidate): Score {
  // What nobody has measured counts as used up: a worker that says nothing of itself is nobody's first choice.
  const values: Record<ScorePartName, number> = {
    cpu: 1 - (worker.cpuPercent ?? 100) / 100,
    memory: 1 - (worker.memoryPercent ?? 100) / 100,
    activeJobs: worker.slots <= 0 ? 0 : Math.max(0, 1 - worker.used / worker.slots),
    health: healthValues[worker.health],
  };
  const parts = (["cpu", "memory", "activeJobs", "health"] as const).map((name) => ({
    name,
    weight: scoreWeights[name],
    value: values[name],
    points: scoreWeights[name] * values[name],
  }));
  return { total: parts.reduce((sum, { points }) => sum + points, 0), parts };
}

/** Why a worker cannot do it; undefined where it can. */
export function unfitReason(worker: Candidate, requirement: WorkerRequirement): string | undefined {
  if (worker.health === "offline") return "it is offline";
  if (!worker.ready) return "it takes no jobs: it drains, is shut out, or has no model";
  const { model, freeSlots, gpuMemoryMb } = requirement;
  if (model !== undefined && !worker.models.includes(model)) return `it does not have the model ${model}`;
  const free = Math.max(0, worker.slots - worker.used);
  if (free < freeSlots) return `it has ${free} of ${worker.slots} slots free`;
  if (gpuMemoryMb !== undefined && worker.gpuMemoryMb < gpuMemoryMb) {
    return `its GPUs have ${worker.gpuMemoryMb} MB`;
  }
  return undefined;
}

/** Those that can do it, the best first. Of equal ones the one with more free slots, then the one with the lower id: always the same. */
export function recommendWorkers<Worker extends Candidate>(
  workers: readonly Worker[],
  requirement: WorkerRequirement,
): { fit: { worker: Worker; score: Score }[]; unfit: { worker: Worker; why: string }[] } {
  const fit: { worker: Worker; score: Score }[] = [];
  const unfit: { worker: Worker; why: string }[] = [];
  for (const worker of workers) {
    const why = unfitReason(worker, requirement);
    if (why === undefined) fit.push({ worker, score: scoreWorker(worker) });
    else unfit.push({ worker, why });
  }
  const free = ({ worker }: { worker: Worker }) => worker.slots - worker.used;
  fit.sort((a, b) => b.score.total - a.score.total || free(b) - free(a) || (a.worker.id < b.worker.id ? -1 : 1));
  return { fit, unfit };
}
