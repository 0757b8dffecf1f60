import type { Lane } from "@steward/contracts/names";
import { percentile } from "../report.ts";
import { dispatchByRouting, dispatchCentrally, type Dispatched } from "./by-policy.ts";
import { dispatchByPull } from "./by-pull.ts";
import { type Interval, mean, meanOf, ratioOf } from "./statistics.ts";
import { type BenchJob, type BenchWorker, drawJobs } from "./workload.ts";

export const fleets = {
  "8 × 1": Array.from({ length: 8 }, () => ({ slots: 1, speed: 1 })),
  "8 × 4": Array.from({ length: 8 }, () => ({ slots: 4, speed: 1 })),
  mixed: [
    { slots: 1, speed: 1 },
    { slots: 1, speed: 1.5 },
    { slots: 2, speed: 0.7 },
    { slots: 2, speed: 1 },
    { slots: 3, speed: 1 },
    { slots: 4, speed: 1.2 },
    { slots: 6, speed: 0.8 },
    { slots: 8, speed: 1 },
  ],
} as const satisfies Record<string, readonly BenchWorker[]>;

export const policies = [
  "central, first come first served",
  "central, three lanes",
  "central, shortest first",
  "central, shortest first, foreknown",
  "pull, one lane",
  "pull, three lanes",
  "smallest queue, known at once",
  "smallest queue, heartbeats",
  "random worker",
] as const;
export type Policy = (typeof policies)[number];
const reference: Policy = "central, first come first served";

export interface Setting {
  fleet: keyof typeof fleets;
  load: number;
  c2: number;
  replications: number;
  jobs: number;
}

export interface Row extends Setting {
  policy: Policy;
  meanWaitS: Interval;
  p50ResponseS: Interval;
  p99ResponseS: Interval;
  /** Of the central queue's that serves in the order of arrival. */
  waitRatio: Interval;
  /** Of the central queue's that has the same lanes by the same predictions: what polls cost, and nothing else. */
  lanesRatio: Interval;
  p99Ratio: Interval;
  /** Of the routing by heartbeats, to this. */
  betterThanHeartbeats: Interval;
}

const lanes: readonly Lane[] = ["express", "standard", "bulk"];
/** The first of a run find an empty house. */
const warmUpShare = 0.1;

function laneOf({ predictedS }: BenchJob): Lane {
  return predictedS <= 5 ? "express" : predictedS <= 30 ? "standard" : "bulk";
}

/** Every policy over the same jobs, replication by replication. */
export async function measure(setting: Setting, seed = 1): Promise<Row[]> {
  const fleet = fleets[setting.fleet];
  const samples = new Map<Policy, { wait: number[]; p50: number[]; p99: number[] }>(
    policies.map((policy) => [policy, { wait: [], p50: [], p99: [] }]),
  );
  for (let replication = 0; replication < setting.replications; replication += 1) {
    const one = seed * 1_000 + replication;
    const jobs = drawJobs({ ...setting, seed: one, fleet });
    for (const policy of policies) {
      const dispatched = (await dispatch(policy, jobs, fleet, one)).slice(Math.floor(jobs.length * warmUpShare));
      const responses = dispatched.map(({ responseS }) => responseS);
      const into = samples.get(policy);
      into?.wait.push(mean(dispatched.map(({ waitS }) => waitS)));
      into?.p50.push(percentile(responses, 0.5));
      into?.p99.push(percentile(responses, 0.99));
    }
  }
  const of = (policy: Policy) => samples.get(policy) ?? { wait: [], p50: [], p99: [] };
  return policies.map((policy) => ({
    ...setting,
    policy,
    meanWaitS: meanOf(of(policy).wait),
    p50ResponseS: meanOf(of(policy).p50),
    p99ResponseS: meanOf(of(policy).p99),
    waitRatio: ratioOf(of(policy).wait, of(reference).wait),
    lanesRatio: ratioOf(of(policy).wait, of("central, three lanes").wait),
    p99Ratio: ratioOf(of(policy).p99, of(reference).p99),
    betterThanHeartbeats: ratioOf(of("smallest queue, heartbeats").wait, of(policy).wait),
  }));
}

async function dispatch(
  policy: Policy,
  jobs: readonly BenchJob[],
  fleet: readonly BenchWorker[],
  seed: number,
): Promise<Dispatched[]> {
  switch (policy) {
    case "central, first come first served":
      return dispatchCentrally(jobs, fleet);
    case "central, three lanes":
      return dispatchCentrally(jobs, fleet, (job) => lanes.indexOf(laneOf(job)));
    case "central, shortest first":
      return dispatchCentrally(jobs, fleet, ({ predictedS }) => predictedS);
    case "central, shortest first, foreknown":
      return dispatchCentrally(jobs, fleet, ({ workS }) => workS);
    case "pull, one lane":
      return dispatchByPull({ jobs, fleet, laneOf: () => "standard", lanes: ["standard"], seed });
    case "pull, three lanes":
      return dispatchByPull({ jobs, fleet, laneOf, lanes, seed });
    case "smallest queue, known at once":
      return dispatchByRouting(jobs, fleet, "smallest", seed);
    case "smallest queue, heartbeats":
      return dispatchByRouting(jobs, fleet, "smallest by heartbeats", seed);
    case "random worker":
      return dispatchByRouting(jobs, fleet, "random", seed);
  }
}
