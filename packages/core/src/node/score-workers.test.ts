import { healthLevels } from "@steward/contracts/heartbeat";
import type { WorkerRequirement } from "@steward/contracts/queues";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, recommendWorkers, scoreWeights, scoreWorker, unfitReason } from "./score-workers.ts";

const percent = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });
const models = ["llama3.2:3b", "llama3.1:8b", "qwen3:14b"];
const candidate = fc
  .record({
    id: fc.integer({ min: 0, max: 999 }).map((number) => `wrk_${String(number).padStart(3, "0")}`),
    health: fc.constantFrom(...healthLevels),
    ready: fc.boolean(),
    slots: fc.integer({ min: 0, max: 8 }),
    used: fc.integer({ min: 0, max: 8 }),
    models: fc.subarray(models),
    gpuMemoryMb: fc.constantFrom(0, 8_192, 24_576),
    cpuPercent: percent,
    memoryPercent: percent,
  })
  .map(
    ({ cpuPercent, memoryPercent, ...rest }): Candidate => ({
      ...rest,
      ...(cpuPercent === undefined ? {} : { cpuPercent }),
      ...(memoryPercent === undefined ? {} : { memoryPercent }),
    }),
  );
const fleet = fc.uniqueArray(candidate, { selector: ({ id }) => id, maxLength: 20 });
const requirement: fc.Arbitrary<WorkerRequirement> = fc
  .record({
    model: fc.option(fc.constantFrom(...models), { nil: undefined }),
    freeSlots: fc.integer({ min: 0, max: 3 }),
    gpuMemoryMb: fc.option(fc.constantFrom(8_192, 16_384), { nil: undefined }),
  })
  .map(({ model, freeSlots, gpuMemoryMb }) => ({
    freeSlots,
    ...(model === undefined ? {} : { model }),
    ...(gpuMemoryMb === undefined ? {} : { gpuMemoryMb }),
  }));

test("the parts are 40, 30, 20 and 10 of 100, and add up to the score", () => {
  expect(Object.values(scoreWeights)).toEqual([40, 30, 20, 10]);
  fc.assert(
    fc.property(candidate, (worker) => {
      const { total, parts } = scoreWorker(worker);
      expect(total).toBeGreaterThanOrEqual(0);
      expect(total).toBeLessThanOrEqual(100);
      expect(parts.reduce((sum, { points }) => sum + points, 0)).toBeCloseTo(total, 9);
      for (const { points, value, weight } of parts) expect(points).toBeCloseTo(value * weight, 9);
    }),
  );
});

test("an idle healthy machine gets everything, a busier one never more than it had", () => {
  const idle: Candidate = {
    id: "wrk_1",
    health: "healthy",
    ready: true,
    slots: 4,
    used: 0,
    models,
    gpuMemoryMb: 0,
    cpuPercent: 0,
    memoryPercent: 0,
  };
  expect(scoreWorker(idle).total).toBe(100);
  fc.assert(
    fc.property(candidate, fc.integer({ min: 1, max: 20 }), (worker, more) => {
      const before = scoreWorker(worker).total;
      expect(scoreWorker({ ...worker, used: worker.used + more }).total).toBeLessThanOrEqual(before);
      expect(
        scoreWorker({ ...worker, cpuPercent: Math.min(100, (worker.cpuPercent ?? 100) + more) }).total,
      ).toBeLessThanOrEqual(before);
      expect(scoreWorker({ ...worker, health: "critical" }).total).toBeLessThanOrEqual(before);
    }),
  );
});

test("only those that can do it are named, the best first, everybody else with a reason", () => {
  fc.assert(
    fc.property(fleet, requirement, (workers, wanted) => {
      const { fit, unfit } = recommendWorkers(workers, wanted);
      expect([...fit, ...unfit].map(({ worker }) => worker.id).toSorted()).toEqual(
        workers.map(({ id }) => id).toSorted(),
      );
      for (const { worker } of fit) {
        expect(worker.ready && worker.health !== "offline").toBe(true);
        expect(worker.slots - worker.used).toBeGreaterThanOrEqual(wanted.freeSlots > 0 ? wanted.freeSlots : -Infinity);
        if (wanted.model !== undefined) expect(worker.models).toContain(wanted.model);
        expect(worker.gpuMemoryMb).toBeGreaterThanOrEqual(wanted.gpuMemoryMb ?? 0);
      }
      for (const { worker, why } of unfit) expect(unfitReason(worker, wanted)).toBe(why);
      const totals = fit.map(({ score }) => score.total);
      expect(totals).toEqual(totals.toSorted((a, b) => b - a));
    }),
  );
});

test("the same workers in another order are recommended in the same order", () => {
  fc.assert(
    fc.property(fleet, requirement, fc.infiniteStream(fc.nat()), (workers, wanted, keys) => {
      const shuffled = workers
        .map((worker) => ({ worker, key: keys.next().value ?? 0 }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ worker }) => worker);
      const order = (list: readonly Candidate[]) => recommendWorkers(list, wanted).fit.map(({ worker }) => worker.id);
      expect(order(shuffled)).toEqual(order(workers));
    }),
  );
});
