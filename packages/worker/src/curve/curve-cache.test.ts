import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type CurveKey, curveKey, findCurve, readCurves, type StoredCurve, storeCurve } from "./curve-cache.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-curves-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const key: CurveKey = {
  hardware: "NVIDIA A10G 23028",
  driver: "550.54.14",
  ollama: "0.12.3",
  model: "llama3.1:8b",
  digest: "46e0c10c",
  ollamaParallel: 4,
  kvCacheType: "f16",
};
const curve = (over: Partial<StoredCurve> = {}): StoredCurve => ({
  key,
  context: 4096,
  points: [
    { parallel: 1, tokensPerSecond: 61.5 },
    { parallel: 2, tokensPerSecond: 60, queued: true },
  ],
  ...over,
});

it("a curve is found again by what it was measured with", async () => {
  await storeCurve(dir, curve());
  expect(findCurve(await readCurves(dir), key, 4096)).toEqual(curve());
  expect(findCurve(await readCurves(dir), key, undefined)).toEqual(curve());
});

it("anything else than what it was measured with makes it stale: GPU, driver, Ollama, model, context, what Ollama runs", () => {
  const names = Object.keys(key) as (keyof CurveKey)[];
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.string(), (name, value) => {
      const other = { ...key, [name]: name === "ollamaParallel" ? 1 : `${value}-another` };
      expect(findCurve([curve()], other, 4096)).toBeUndefined();
    }),
  );
  expect(findCurve([curve()], key, 8192)).toBeUndefined();
  expect(findCurve([curve({ context: null })], key, 8192)).toBeDefined();
});

it("a newer one of the same replaces it, and a few of others are kept", async () => {
  for (let digest = 0; digest < 12; digest += 1) await storeCurve(dir, curve({ key: { ...key, digest: `${digest}` } }));
  await storeCurve(dir, curve({ key: { ...key, digest: "11" }, points: [{ parallel: 1, tokensPerSecond: 7 }] }));
  const kept = await readCurves(dir);
  expect(kept).toHaveLength(8);
  expect(kept[0]?.points).toEqual([{ parallel: 1, tokensPerSecond: 7 }]);
  expect(new Set(kept.map((one) => one.key.digest)).size).toBe(8);
});

it.each(["", "{", '{"v":2}', '{"v":1,"curves":[{"points":[]}]}'])("a file that says %j is no curve", async (text) => {
  await writeFile(join(dir, "curves.json"), text);
  expect(await readCurves(dir)).toEqual([]);
  await storeCurve(dir, curve());
  expect(JSON.parse(await readFile(join(dir, "curves.json"), "utf8"))).toMatchObject({ v: 1 });
});

it("a host without GPUs is known by its processor and memory", () => {
  const host = { cpu: "EPYC", cores: 8, memoryMb: 32_000, freeMb: 1 };
  const model = { name: "m", digest: "d", weightsMb: 1 };
  const of = (gpus: Parameters<typeof curveKey>[0]["gpus"]) =>
    curveKey({ gpus, host, ollama: "0.12.3", model, kvCacheType: "f16" });
  expect(of([])).toMatchObject({ hardware: "EPYC, 8 cores, 32000 MiB", driver: "", ollamaParallel: null });
  expect(of([{ name: "A10G", vendor: "nvidia", vramMb: 23_028, driver: "550", memory: "own" }])).toMatchObject({
    hardware: "A10G 23028",
    driver: "550",
  });
});
