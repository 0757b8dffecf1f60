import { type Chance, chanceOf } from "../../../packages/core/test/simulation/scheduler.ts";

/** One job as the bench draws it. The same draw is given to every way of dispatching. */
export interface BenchJob {
  arrivesAtS: number;
  /** On a slot of speed 1. */
  workS: number;
  predictedS: number;
}
export interface BenchWorker {
  slots: number;
  /** Work that each slot does in a second. */
  speed: number;
}

export interface WorkloadOptions {
  seed: number;
  jobs: number;
  /** Share of the fleet's capacity that the work takes. */
  load: number;
  /** Squared coefficient of variation of the work: 1 would be exponential. */
  c2: number;
  fleet: readonly BenchWorker[];
}

const meanWorkS = 4;
/** A prediction is the truth times a log-normal factor of this σ: a third are off by more than twice. */
const predictionSigma = 0.7;

/**
 * Poisson arrivals, log-normal work. The draws are stratified: each replication has every part of the distributions in its
 * share, in random order, so that few replications say what many would.
 */
export function drawJobs({ seed, jobs, load, c2, fleet }: WorkloadOptions): BenchJob[] {
  const chance = chanceOf(seed);
  const capacity = fleet.reduce((sum, { slots, speed }) => sum + slots * speed, 0);
  const meanGapS = meanWorkS / (load * capacity);
  const sigma = Math.sqrt(Math.log(1 + c2));
  const [gaps, works, errors] = [stratified(jobs, chance), stratified(jobs, chance), stratified(jobs, chance)];
  let arrivesAtS = 0;
  return gaps.map((gap, index) => {
    arrivesAtS += -Math.log(1 - gap) * meanGapS;
    const workS = meanWorkS * Math.exp(sigma * normalQuantile(works[index] ?? 0.5) - sigma ** 2 / 2);
    const predictedS = workS * Math.exp(predictionSigma * normalQuantile(errors[index] ?? 0.5));
    return { arrivesAtS, workS, predictedS };
  });
}

/** Numbers between 0 and 1, one in each of `count` equal parts, in random order. */
function stratified(count: number, chance: Chance): number[] {
  const list = Array.from({ length: count }, (_, index) => (index + chance.next()) / count);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = chance.between(0, last);
    [list[last], list[other]] = [list[other] ?? 0, list[last] ?? 0];
  }
  return list;
}

/** Inverse of the normal distribution, by Newton's method on its own integral: exact to the sixth digit. */
function normalQuantile(share: number): number {
  const p = Math.min(Math.max(share, 1e-9), 1 - 1e-9);
  // Tukey's lambda is near enough to begin with.
  let z = (p ** 0.135 - (1 - p) ** 0.135) / 0.1975;
  for (let step = 0; step < 3; step += 1) {
    const density = Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI);
    z -= (normalShare(z) - p) / Math.max(density, 1e-12);
  }
  return z;
}

/** Abramowitz and Stegun 26.2.17. */
function normalShare(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const series =
    t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  const above = (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z >= 0 ? 1 - above : above;
}
