import { describe, expect, it } from "vitest";
import { dispatchByRouting, dispatchCentrally } from "./by-policy.ts";
import { dispatchByPull } from "./by-pull.ts";
import { fleets, measure } from "./measure.ts";
import { meanOf, ratioOf } from "./statistics.ts";
import { drawJobs } from "./workload.ts";

const setting = { fleet: "8 × 1", load: 0.85, c2: 4, replications: 2, jobs: 700 } as const;
const job = (arrivesAtS: number, workS: number, predictedS = workS) => ({ arrivesAtS, workS, predictedS });

it("the worker's pull code stays near the ideal, better with lanes, and far from routing by heartbeats", async () => {
  const rows = new Map((await measure(setting)).map((row) => [row.policy, row]));
  const waitOf = (policy: Parameters<typeof rows.get>[0]) => rows.get(policy)?.waitRatio.value;
  // Loose: so few jobs say little of the tails. `npm run bench:dispatch` holds the bars.
  expect(waitOf("pull, one lane")).toBeLessThan(1.06);
  expect(waitOf("pull, three lanes")).toBeLessThan(0.65);
  expect(rows.get("pull, three lanes")?.betterThanHeartbeats.value).toBeGreaterThan(15);
  expect(waitOf("central, shortest first")).toBeLessThan(waitOf("pull, three lanes") ?? 0);
});

it("every job is run once, in the same way for the same seed", async () => {
  const fleet = fleets.mixed;
  const jobs = drawJobs({ seed: 7, jobs: 150, load: 0.9, c2: 10, fleet });
  const lanes = ["express", "standard", "bulk"] as const;
  const run = () =>
    dispatchByPull({
      jobs,
      fleet,
      lanes,
      laneOf: ({ predictedS }) => lanes[predictedS > 4 ? 1 : 0] ?? "bulk",
      seed: 3,
    });
  const [one, again] = [await run(), await run()];
  expect(one).toEqual(again);
  expect(one.filter(({ waitS }) => waitS >= 0)).toHaveLength(150);
});

describe("what pull is compared with", () => {
  const two = [
    { slots: 1, speed: 1 },
    { slots: 1, speed: 2 },
  ];

  it("central: the fastest free slot takes the first, or the shortest by prediction", () => {
    const jobs = [job(0, 10), job(0, 10), job(1, 8), job(2, 2, 9), job(3, 4)];
    expect(dispatchCentrally(jobs, two).map(({ waitS }) => waitS)).toEqual([0, 0, 4, 7, 7]);
    expect(dispatchCentrally(jobs, two, ({ predictedS }) => predictedS).map(({ waitS }) => waitS)).toEqual([
      0, 0, 6, 8, 2,
    ]);
    // In lanes, and of one lane the first: the third is now as good as the fourth.
    const rank = ({ predictedS }: { predictedS: number }) => (predictedS < 5 ? 0 : 1);
    expect(dispatchCentrally(jobs, two, rank).map(({ waitS }) => waitS)).toEqual([0, 0, 6, 8, 2]);
  });

  it("routed: a job waits where it was sent, and heartbeats that are a minute old send all of them to one", () => {
    const equal = [two[0], two[0]].flatMap((worker) => worker ?? []);
    const jobs = Array.from({ length: 6 }, (_, at) => job(70 + at, 10));
    expect(Math.max(...dispatchByRouting(jobs, equal, "smallest", 1).map(({ waitS }) => waitS))).toBe(16);
    // Until the next heartbeat both are told to be empty: by the toss of a coin.
    const waits = dispatchByRouting([job(0, 100), ...jobs], equal, "smallest by heartbeats", 1).map(
      ({ waitS }) => waitS,
    );
    expect(Math.max(...waits)).toBeGreaterThan(16);
  });
});

it("work has the mean and the variability that were asked for, predictions the error, and the fleet the load", () => {
  const jobs = drawJobs({ seed: 1, jobs: 20_000, load: 0.85, c2: 4, fleet: fleets["8 × 1"] });
  const work = jobs.map(({ workS }) => workS);
  const mean = work.reduce((sum, one) => sum + one, 0) / work.length;
  const variance = work.reduce((sum, one) => sum + (one - mean) ** 2, 0) / work.length;
  const errors = jobs.map(({ workS, predictedS }) => Math.log(predictedS / workS));
  expect(mean).toBeCloseTo(4, 1);
  expect(variance / mean ** 2).toBeCloseTo(4, 0);
  expect(Math.sqrt(errors.reduce((sum, one) => sum + one ** 2, 0) / errors.length)).toBeCloseTo(0.7, 2);
  expect((mean * jobs.length) / ((jobs.at(-1)?.arrivesAtS ?? 0) * 8)).toBeCloseTo(0.85, 2);
});

it("intervals: Student's t over replications; a ratio's is small where both sides went the same way", () => {
  expect(meanOf([1, 2, 3])).toEqual({ value: 2, plusMinus: expect.closeTo(2.48, 2) });
  expect(ratioOf([2, 4, 6], [1, 2, 3])).toEqual({ value: 2, plusMinus: 0 });
  expect(ratioOf([6, 4, 2], [1, 2, 3]).plusMinus).toBeGreaterThan(2);
});
