import { createHeap } from "../../../packages/core/test/simulation/heap.ts";
import { type Chance, chanceOf } from "../../../packages/core/test/simulation/scheduler.ts";
import type { BenchJob, BenchWorker } from "./workload.ts";

/** What became of one job. */
export interface Dispatched {
  /** From its arrival to the moment when a slot begins it. */
  waitS: number;
  /** To its end. */
  responseS: number;
}

interface Queued {
  job: BenchJob;
  index: number;
  rank: number;
}

/**
 * One queue for all, and a slot that is free takes its first at once: the ideal that no network or poll stands in the
 * way of. `rank` is where a job stands: the lowest first, and of the same the one that came first. Of several free slots
 * the fastest takes it.
 */
export function dispatchCentrally(
  jobs: readonly BenchJob[],
  fleet: readonly BenchWorker[],
  rank: (job: BenchJob) => number = () => 0,
): Dispatched[] {
  const slots = fleet.flatMap(({ slots: count, speed }) =>
    Array.from({ length: count }, () => ({ speed, freeAtS: 0 })),
  );
  const dispatched: Dispatched[] = [];
  const queue = createHeap<Queued>((a, b) => {
    return a.rank === b.rank ? a.index < b.index : a.rank < b.rank;
  });
  let next = 0;
  while (next < jobs.length || queue.size() > 0) {
    const soonest = slots.reduce((best, slot) => (slot.freeAtS < best.freeAtS ? slot : best));
    const arrival = jobs[next];
    // Everything that has come by the time a slot is free stands in the queue when it looks.
    if (arrival !== undefined && (queue.size() === 0 || arrival.arrivesAtS <= soonest.freeAtS)) {
      queue.push({ job: arrival, index: next, rank: rank(arrival) });
      next += 1;
      if (arrival.arrivesAtS < soonest.freeAtS) continue;
      const following = jobs[next];
      if (following !== undefined && following.arrivesAtS <= arrival.arrivesAtS) continue;
    }
    const first = queue.pop();
    if (first === undefined) continue;
    const nowS = Math.max(first.job.arrivesAtS, soonest.freeAtS);
    const free = slots.filter((slot) => slot.freeAtS <= nowS);
    const slot = free.reduce((best, one) => (one.speed > best.speed ? one : best));
    dispatched[first.index] = begin(first.job, slot, nowS);
  }
  return dispatched;
}

/** Which worker a job is sent to on its arrival. There it waits, whatever becomes free elsewhere. */
export type Router = "random" | "smallest" | "smallest by heartbeats";

const heartbeatS = 60;

export function dispatchByRouting(
  jobs: readonly BenchJob[],
  fleet: readonly BenchWorker[],
  router: Router,
  seed: number,
): Dispatched[] {
  const chance = chanceOf(seed);
  const workers = fleet.map(({ slots, speed }) => ({
    speed,
    count: slots,
    slots: Array.from({ length: slots }, () => ({ speed, freeAtS: 0 })),
    /** Ends of the jobs that it has, waiting ones included. */
    endsAtS: createHeap<number>((a, b) => a < b),
    reported: 0,
    /** Workers do not beat at the same instant. */
    beatsAtS: chance.next() * heartbeatS,
  }));
  const hasAt = (worker: (typeof workers)[number], nowS: number) => {
    while ((worker.endsAtS.peek() ?? Number.POSITIVE_INFINITY) <= nowS) worker.endsAtS.pop();
    return worker.endsAtS.size() / worker.count;
  };
  return jobs.map((job) => {
    const nowS = job.arrivesAtS;
    for (const worker of workers) {
      for (; worker.beatsAtS <= nowS; worker.beatsAtS += heartbeatS) {
        // Only the last one before this arrival counts: nothing came in between.
        if (worker.beatsAtS + heartbeatS > nowS) worker.reported = hasAt(worker, worker.beatsAtS);
      }
    }
    const loads = workers.map((worker) =>
      router === "random" ? 0 : router === "smallest" ? hasAt(worker, nowS) : worker.reported,
    );
    const worker = oneOfTheLeast(workers, loads, chance);
    const slot = worker.slots.reduce((best, one) => (one.freeAtS < best.freeAtS ? one : best));
    const one = begin(job, slot, Math.max(nowS, slot.freeAtS));
    worker.endsAtS.push(slot.freeAtS);
    return one;
  });
}

function oneOfTheLeast<T>(list: readonly T[], loads: readonly number[], chance: Chance): T {
  const least = Math.min(...loads);
  return chance.oneOf(list.filter((_, index) => loads[index] === least));
}

function begin(job: BenchJob, slot: { speed: number; freeAtS: number }, nowS: number): Dispatched {
  slot.freeAtS = nowS + job.workS / slot.speed;
  return { waitS: nowS - job.arrivesAtS, responseS: slot.freeAtS - job.arrivesAtS };
}
