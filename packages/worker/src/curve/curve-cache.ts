import { join } from "node:path";
import { readIfThere, replaceFile } from "@steward/node-client/state-files";
import { z } from "zod";
import type { HostProbe } from "../gpus/probe-host.ts";
import type { FoundGpu } from "../gpus/found-gpu.ts";
import type { ModelFacts } from "../models/read-model.ts";

/** What a curve depends on. Any of it another: another curve. */
const keySchema = z.strictObject({
  /** GPUs with their memory; of a host without them, its processor. */
  hardware: z.string(),
  driver: z.string(),
  ollama: z.string(),
  model: z.string(),
  digest: z.string(),
  ollamaParallel: z.number().nullable(),
  kvCacheType: z.string(),
});
export type CurveKey = z.infer<typeof keySchema>;

const curveSchema = z.strictObject({
  key: keySchema,
  /** Of a slot, as Ollama said when it was measured; null where it does not say. */
  context: z.number().nullable(),
  points: z
    .array(
      z.strictObject({
        parallel: z.number().int().min(1),
        tokensPerSecond: z.number().nonnegative(),
        queued: z.boolean().optional(),
      }),
    )
    .min(1),
});
export type StoredCurve = z.infer<typeof curveSchema>;
const fileSchema = z.strictObject({ v: z.literal(1), curves: z.array(curveSchema) });

const fileName = "curves.json";
const mostCurves = 8;

export function curveKey(of: {
  gpus: readonly FoundGpu[];
  host: HostProbe;
  ollama: string;
  model: ModelFacts;
  ollamaParallel?: number;
  kvCacheType: string;
}): CurveKey {
  const { gpus, host, model } = of;
  const hardware =
    gpus.length > 0
      ? gpus.map((gpu) => `${gpu.name} ${gpu.vramMb ?? 0}`).join(", ")
      : `${host.cpu}, ${host.cores} cores, ${host.memoryMb} MiB`;
  return {
    hardware,
    driver: gpus.find((gpu) => gpu.driver !== undefined)?.driver ?? "",
    ollama: of.ollama,
    model: model.name,
    digest: model.digest,
    ollamaParallel: of.ollamaParallel ?? null,
    kvCacheType: of.kvCacheType,
  };
}

/** The curve of exactly this. `context`: what is loaded now; unknown while nothing is, and then any will do. */
export function findCurve(
  curves: readonly StoredCurve[],
  key: CurveKey,
  context: number | undefined,
): StoredCurve | undefined {
  return curves.find(
    (curve) =>
      (Object.keys(key) as (keyof CurveKey)[]).every((name) => curve.key[name] === key[name]) &&
      (context === undefined || curve.context === null || curve.context === context),
  );
}

/** What is there and whole; a file that cannot be read is measured anew, not mended. */
export async function readCurves(stateDir: string): Promise<StoredCurve[]> {
  try {
    const text = await readIfThere(join(stateDir, fileName));
    return text === undefined ? [] : fileSchema.parse(JSON.parse(text)).curves;
  } catch {
    return [];
  }
}

/** Newest first; the oldest fall out. */
export async function storeCurve(stateDir: string, curve: StoredCurve): Promise<void> {
  const others = (await readCurves(stateDir)).filter((one) => findCurve([one], curve.key, undefined) === undefined);
  const curves = [curve, ...others].slice(0, mostCurves);
  await replaceFile(join(stateDir, fileName), `${JSON.stringify({ v: 1, curves })}\n`);
}
