import type { FoundGpu } from "./gpus/found-gpu.ts";
import type { LoadedModel, ModelFacts } from "./models/read-model.ts";

/** Total tokens a second with so many chats at a time. */
export interface CurvePoint {
  parallel: number;
  tokensPerSecond: number;
  /** One was begun only when another had ended: Ollama ran fewer at a time. */
  queued?: boolean;
}

export interface Memory {
  kind: "vram" | "memory";
  /** For models, with what Ollama holds already. */
  availableMb: number;
}

export interface ModelNeed {
  model: string;
  weightsMb: number;
  /** Of one slot at its context; absent where the model does not say. */
  kvMbPerSlot?: number;
}

export interface SlotsInput {
  /** STEWARD_WORKER_SLOTS */
  setting?: number;
  /** OLLAMA_NUM_PARALLEL, as far as the worker is told of it. */
  ollamaParallel?: number;
  /** Absent where no tool tells of the GPUs' memory. */
  memory?: Memory;
  /** On a host without GPUs. */
  cores?: number;
  /** The models that lanes are answered with. */
  models: readonly ModelNeed[];
  curve?: readonly CurvePoint[];
}

export type SlotReason =
  | { kind: "setting"; slots: number }
  | { kind: "ollama_parallel"; slots: number }
  | ({ kind: "memory"; slots: number; weightsMb: number; kvMbPerSlot: number } & MemoryOf)
  /** Together they do not fit: Ollama throws one out for the other. Reckoned with the largest alone. */
  | ({ kind: "models_take_turns"; weightsMb: number } & MemoryOf)
  /** Not even one slot fits: a part of the model runs on the CPU. */
  | ({ kind: "memory_too_small"; needMb: number } & MemoryOf)
  | { kind: "cores"; slots: number; cores: number }
  | { kind: "curve"; slots: number; tokensPerSecond: number; next?: CurvePoint }
  | { kind: "queued"; slots: number }
  | { kind: "unmeasured"; slots: number };
type MemoryOf = { memory: Memory["kind"]; availableMb: number; models: string[] };

export interface SlotChoice {
  slots: number;
  /** Every bound that was looked at, in order; the smallest decides. */
  reasons: SlotReason[];
  /** Which of them did. */
  decidedBy: SlotReason["kind"];
  /** How far a curve is worth measuring; 1 where nothing is to be found out. */
  measureUpTo: number;
  /** What OLLAMA_NUM_PARALLEL could be, where it is another than Ollama has. */
  proposedParallel?: number;
}

/** Another slot is worth it while all together write a tenth more with it; beyond, it only makes each of them slower. */
export const worthwhileGrowth = 1.1;
/** A tenth a slot ends by itself at eleven, were every slot as good as the first. */
export const mostSlots = 12;

/**
 * How many jobs at a time, and why. An explicit setting wins. Else the smallest bound: what Ollama runs in parallel, what
 * the memory holds, where the curve stops growing. Without a curve: what Ollama was told to run, where it was, else one.
 */
export function chooseSlots(input: SlotsInput): SlotChoice {
  const { setting, ollamaParallel, curve = [], cores } = input;
  const { bound: memoryBound, reasons: memoryReasons } = boundByMemory(input);
  if (setting !== undefined) {
    const reasons: SlotReason[] = [{ kind: "setting", slots: setting }, ...memoryReasons];
    return { slots: setting, reasons, decidedBy: "setting", measureUpTo: 1 };
  }
  // A chat is worked on by all cores; more chats than cores only take them from each other.
  const coresBound = cores === undefined ? undefined : Math.max(1, Math.floor(cores));
  const reasons: SlotReason[] = [
    ...(ollamaParallel === undefined ? [] : [{ kind: "ollama_parallel", slots: ollamaParallel } as const]),
    ...memoryReasons,
    ...(coresBound === undefined || cores === undefined ? [] : [{ kind: "cores", slots: coresBound, cores } as const]),
  ];
  const room = Math.min(mostSlots, memoryBound ?? mostSlots, coresBound ?? mostSlots);
  const most = Math.min(ollamaParallel ?? mostSlots, room);
  const knee = curve.length === 0 ? undefined : readCurve(curve);
  if (knee !== undefined) reasons.push(knee);
  // Nobody said how many Ollama runs. One is right whatever it is; more would wait in Ollama, out of the queue's sight.
  else if (ollamaParallel === undefined) reasons.push({ kind: "unmeasured", slots: 1 });
  const bounds = reasons.filter((reason) => "slots" in reason);
  const least = bounds.reduce((one, other) => (other.slots < one.slots ? other : one), bounds[0] as (typeof bounds)[0]);
  const slots = Math.max(1, least.slots);
  const proposed = propose({ ollamaParallel, room, knee });
  return {
    slots,
    reasons,
    decidedBy: least.kind,
    measureUpTo: Math.max(1, most),
    ...(proposed === undefined ? {} : { proposedParallel: proposed }),
  };
}

/**
 * True for a curve that ended while it still grew, short of what may be tried now: its time was over, or there was less
 * memory then. Where it ends is no bound.
 */
export function isUnfinished(points: readonly CurvePoint[], measureUpTo: number): boolean {
  const knee = readCurve(points);
  return knee?.kind === "curve" && knee.next === undefined && knee.slots < measureUpTo;
}

/** The points in order up to the last that was worth it. Points may be missing (a level that was cut off). */
function readCurve(points: readonly CurvePoint[]): Extract<SlotReason, { kind: "curve" | "queued" }> | undefined {
  const [first, ...rest] = points.toSorted((one, other) => one.parallel - other.parallel);
  if (first === undefined || first.tokensPerSecond <= 0) return undefined;
  let best = first;
  for (const point of rest) {
    if (point.queued) return { kind: "queued", slots: best.parallel };
    const wanted = best.tokensPerSecond * worthwhileGrowth ** (point.parallel - best.parallel);
    if (point.tokensPerSecond < wanted) {
      return { kind: "curve", slots: best.parallel, tokensPerSecond: best.tokensPerSecond, next: point };
    }
    best = point;
  }
  return { kind: "curve", slots: best.parallel, tokensPerSecond: best.tokensPerSecond };
}

function boundByMemory({ memory, models }: SlotsInput): { bound?: number; reasons: SlotReason[] } {
  const known = models.filter((model): model is Required<ModelNeed> => model.kvMbPerSlot !== undefined);
  if (memory === undefined || models.length === 0 || known.length < models.length) return { reasons: [] };
  const of = (some: readonly ModelNeed[]): MemoryOf => ({
    memory: memory.kind,
    availableMb: memory.availableMb,
    models: some.map(({ model }) => model),
  });
  const needOf = (some: readonly Required<ModelNeed>[]) => ({
    weightsMb: sum(some.map((model) => model.weightsMb)),
    kvMbPerSlot: sum(some.map((model) => model.kvMbPerSlot)),
  });
  const largest = known.reduce((one, other) => (other.weightsMb > one.weightsMb ? other : one));
  const reasons: SlotReason[] = [];
  let counted: readonly Required<ModelNeed>[] = known;
  let need = needOf(known);
  if (known.length > 1 && need.weightsMb + need.kvMbPerSlot > memory.availableMb) {
    reasons.push({ kind: "models_take_turns", weightsMb: need.weightsMb, ...of(known) });
    counted = [largest];
    need = needOf(counted);
  }
  const slots = Math.floor((memory.availableMb - need.weightsMb) / Math.max(need.kvMbPerSlot, 1));
  if (slots < 1) {
    reasons.push({ kind: "memory_too_small", needMb: need.weightsMb + need.kvMbPerSlot, ...of(counted) });
    reasons.push({ kind: "memory", slots: 1, ...need, ...of(counted) });
    return { bound: 1, reasons };
  }
  reasons.push({ kind: "memory", slots, ...need, ...of(counted) });
  return { bound: slots, reasons };
}

/** Ollama was told of more than the memory holds, or runs one at a time though more would fit. */
function propose(of: { ollamaParallel: number | undefined; room: number; knee: SlotReason | undefined }) {
  const { ollamaParallel, room, knee } = of;
  if (ollamaParallel !== undefined) return ollamaParallel > room ? room : undefined;
  if (knee?.kind === "queued") return knee.slots < room ? Math.min(room, knee.slots * 4) : undefined;
  // A curve that grew has shown what Ollama was told; without one, four is what a GPU mostly still gains from.
  return knee === undefined && room > 1 ? Math.min(room, 4) : undefined;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** Each GPU's driver, compute buffers and pages that nobody gets. */
const reservePerGpuMb = 700;
/** Ollama leaves a processor's own graphics alone. */
const smallestGpuMb = 1024;
/** Of the host's memory, what the rest of the machine keeps. */
const hostShare = 0.8;

/**
 * What models may fill. A model is spread over several GPUs where one is not enough; of slices (MIG) a program sees one.
 * What Ollama has loaded already counts as available: it is our models, or makes room for them.
 */
export function memoryForModels(
  gpus: readonly FoundGpu[],
  host: { memoryMb: number; freeMb: number },
  loaded: readonly LoadedModel[],
): Memory | undefined {
  const shared = gpus.some((gpu) => gpu.memory === "shared");
  if (gpus.length === 0 || shared) {
    const heldMb = sum(loaded.map((model) => (shared ? model.sizeMb : model.sizeMb - model.vramMb)));
    const availableMb = Math.floor(Math.min(host.freeMb + heldMb, host.memoryMb) * hostShare);
    return { kind: "memory", availableMb };
  }
  const own = gpus.filter((gpu) => gpu.memory === "own" && (gpu.vramMb ?? 0) >= smallestGpuMb);
  const slice = Math.max(0, ...gpus.filter((gpu) => gpu.memory === "slice").map((gpu) => gpu.vramMb ?? 0));
  if (own.length === 0 && slice === 0) return undefined;
  if (own.length === 0) return { kind: "vram", availableMb: Math.max(0, slice - reservePerGpuMb) };
  const heldMb = sum(loaded.map((model) => model.vramMb));
  const totalMb = sum(own.map((gpu) => gpu.vramMb ?? 0));
  const freeMb = sum(own.map((gpu) => gpu.freeMb ?? gpu.vramMb ?? 0));
  const reserveMb = own.length * reservePerGpuMb;
  return { kind: "vram", availableMb: Math.max(0, Math.min(freeMb + heldMb, totalMb) - reserveMb) };
}

export type ContextSource = "loaded" | "modelfile" | "setting" | "default";

/**
 * The context of one slot. What is loaded says it; else the Modelfile, OLLAMA_CONTEXT_LENGTH, or what Ollama takes by
 * itself (since 0.15 by the VRAM of all GPUs; 4,096 tokens before, and below 24 GiB).
 */
export function contextOf(
  model: ModelFacts,
  known: { loaded?: LoadedModel; setting?: number; vramMb: number },
): { tokens: number; from: ContextSource } {
  const most = model.maxContext ?? Number.POSITIVE_INFINITY;
  if (known.loaded?.context !== undefined) return { tokens: known.loaded.context, from: "loaded" };
  if (model.modelfileContext !== undefined)
    return { tokens: Math.min(model.modelfileContext, most), from: "modelfile" };
  if (known.setting !== undefined) return { tokens: Math.min(known.setting, most), from: "setting" };
  const byVram = known.vramMb >= 47 * 1024 ? 262_144 : known.vramMb >= 23 * 1024 ? 32_768 : 4_096;
  return { tokens: Math.min(byVram, most), from: "default" };
}
