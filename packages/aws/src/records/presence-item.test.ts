import { derivedId, newId, runIdOf } from "@steward/contracts/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  packGpus,
  packMetrics,
  packModels,
  packRun,
  packVersion,
  presenceKey,
  presenceShards,
  unpackGpus,
  unpackRun,
} from "./presence-item.ts";

test("a run's id survives as 19 bytes that sort like the ids", () => {
  const runId = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.integer({ min: 0, max: 36 ** 4 - 1 }))
    .map(([timeMs, index]) => runIdOf(derivedId("rollout", timeMs, String(index)), index));
  fc.assert(
    fc.property(runId, runId, (one, other) => {
      expect(packRun(one)).toHaveLength(19);
      expect(unpackRun(packRun(one))).toBe(one);
      expect(Math.sign(Buffer.compare(packRun(one), packRun(other)))).toBe(one < other ? -1 : one > other ? 1 : 0);
    }),
  );
});

test.each(["", "run_", "run_01", `run_${"8".repeat(26)}0000`, `rol_${"0".repeat(30)}`, `run_${"0".repeat(26)}000A`])(
  "%s is no run's id",
  (text) => {
    expect(() => packRun(text)).toThrow("is not the id of a run");
  },
);

test("texts are cut to their bytes between characters, never inside one", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => {
      const packed = packVersion(text);
      expect(Buffer.byteLength(packed)).toBeLessThanOrEqual(40);
      expect(text.startsWith(packed)).toBe(true);
      expect(packed.isWellFormed()).toBe(text.isWellFormed());
    }),
  );
});

test("models are kept in order, as many as there is room for", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 120 }), { maxLength: 32 }), (models) => {
      const packed = packModels(models);
      expect(packed).toEqual(models.slice(0, packed.length));
      expect(Buffer.byteLength(packed.join("")) + packed.length).toBeLessThanOrEqual(220);
    }),
  );
});

test("GPUs come back as they went in, in order, as many as there is room for", () => {
  const whole = fc.integer({ min: 0, max: 2_000_000 });
  const gpu = fc.record({
    name: fc.string({ minLength: 1, maxLength: 20 }).map((name) => name.replace(/[|\n]/g, "_")),
    vramMb: whole,
    freeMb: whole,
    usedPercent: fc.integer({ min: 0, max: 100 }),
  });
  const some = fc.array(
    fc.oneof(
      gpu,
      gpu.map(({ name, vramMb, freeMb }) => ({ name, vramMb, freeMb })),
    ),
    { maxLength: 16 },
  );
  fc.assert(
    fc.property(some, (gpus) => {
      const packed = packGpus(gpus);
      const unpacked = unpackGpus(packed);
      expect(Buffer.byteLength(packed)).toBeLessThanOrEqual(150);
      expect(unpacked).toEqual(gpus.slice(0, unpacked.length));
      expect(unpacked.length).toBeGreaterThanOrEqual(Math.min(gpus.length, 3));
    }),
  );
  const many = Array.from({ length: 16 }, (_, index) => ({
    name: "NVIDIA H100 80GB HBM3",
    vramMb: 81_559,
    freeMb: 80_000 + index,
    usedPercent: 97,
  }));
  expect(unpackGpus(packGpus(many))).toHaveLength(12);
});

test("metrics are rounded, never out of DynamoDB's range", () => {
  const value = fc.double({ min: 0, max: 100, noNaN: true });
  const uptimeSeconds = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(value, uptimeSeconds, (cpuPercent, uptime) => {
      const metrics = { cpuPercent, memoryPercent: 0, diskPercent: 0, loadAverage1m: 0, uptimeSeconds: uptime };
      const packed = packMetrics(metrics);
      expect(Math.abs((packed[0] ?? Number.NaN) - cpuPercent)).toBeLessThanOrEqual(0.005 + 1e-9);
      expect(packed[4]).toBeLessThan(1e10);
    }),
  );
});

test("nodes spread over all shards", () => {
  const shards = new Set(Array.from({ length: 2_000 }, (_, index) => presenceKey(newId("appliance", index + 1)).pk));
  expect(shards.size).toBe(presenceShards);
});
