import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CurvePoint,
  chooseSlots,
  contextOf,
  isUnfinished,
  memoryForModels,
  type ModelNeed,
  mostSlots,
  type SlotsInput,
  worthwhileGrowth,
} from "./choose-slots.ts";
import type { FoundGpu } from "./gpus/found-gpu.ts";

const points = (...speeds: number[]): CurvePoint[] =>
  speeds.map((tokensPerSecond, index) => ({ parallel: index + 1, tokensPerSecond }));
const small: ModelNeed = { model: "llama3.2:3b", weightsMb: 1926, kvMbPerSlot: 448 };
const large: ModelNeed = { model: "llama3.1:8b", weightsMb: 4693, kvMbPerSlot: 512 };
const vram = (availableMb: number) => ({ kind: "vram", availableMb }) as const;
const kinds = (input: SlotsInput) => chooseSlots(input).reasons.map((reason) => reason.kind);

const need: fc.Arbitrary<ModelNeed> = fc
  .record({
    model: fc.constantFrom("a", "b", "c"),
    weightsMb: fc.integer({ min: 1, max: 80_000 }),
    kvMbPerSlot: fc.option(fc.integer({ min: 1, max: 8_000 }), { nil: undefined }),
  })
  .map(({ kvMbPerSlot, ...rest }) => (kvMbPerSlot === undefined ? rest : { ...rest, kvMbPerSlot }));
const curve = fc
  .array(fc.double({ min: 0, max: 1000, noNaN: true }), { maxLength: 12 })
  .chain((speeds) => fc.tuple(fc.constant(speeds), fc.array(fc.boolean(), { minLength: 12, maxLength: 12 })))
  .map(([speeds, queued]) =>
    points(...speeds).map((point, index) => (queued[index] && index > 3 ? { ...point, queued: true } : point)),
  );
const count = fc.integer({ min: 1, max: 64 });
const input: fc.Arbitrary<SlotsInput> = fc
  .record(
    {
      setting: count,
      ollamaParallel: count,
      memory: fc.record({ kind: fc.constantFrom("vram", "memory"), availableMb: fc.integer({ min: 0, max: 200_000 }) }),
      cores: fc.integer({ min: 1, max: 128 }),
      models: fc.array(need, { maxLength: 3 }),
      curve,
    },
    { requiredKeys: ["models"] },
  )
  .map((one) => one as SlotsInput);

it("a curve that ended while it still grew is no bound for good, one that stopped growing is", () => {
  expect(isUnfinished(points(100, 200), 4)).toBe(true);
  expect(isUnfinished(points(100, 200), 2)).toBe(false);
  expect(isUnfinished(points(100, 200, 201), 4)).toBe(false);
  expect(isUnfinished([...points(100), { parallel: 2, tokensPerSecond: 100, queued: true }], 4)).toBe(false);
  expect(isUnfinished([], 4)).toBe(false);
});

describe("whatever is known", () => {
  it("there is at least one slot, never more than any bound that was named, and the one that decides is among them", () => {
    fc.assert(
      fc.property(input, (known) => {
        const { slots, reasons, decidedBy, measureUpTo } = chooseSlots(known);
        expect(slots).toBeGreaterThanOrEqual(1);
        if (known.setting !== undefined) {
          expect([slots, decidedBy, measureUpTo]).toEqual([known.setting, "setting", 1]);
          return;
        }
        for (const reason of reasons) if ("slots" in reason) expect(slots).toBeLessThanOrEqual(reason.slots);
        expect(reasons.find((reason) => reason.kind === decidedBy)).toMatchObject({ slots });
        expect(measureUpTo).toBeGreaterThanOrEqual(1);
        expect(measureUpTo).toBeLessThanOrEqual(Math.min(mostSlots, known.ollamaParallel ?? mostSlots));
      }),
    );
  });

  it("the slots of models whose need is known fit into the memory, or there is one and it is said that it does not fit", () => {
    fc.assert(
      fc.property(input, (known) => {
        const { slots, reasons } = chooseSlots({ ...known, setting: undefined as never });
        const memory = reasons.find((reason) => reason.kind === "memory");
        if (memory === undefined) return;
        const needMb = memory.weightsMb + slots * memory.kvMbPerSlot;
        if (needMb <= memory.availableMb) return;
        expect(slots).toBe(1);
        expect(reasons.map((reason) => reason.kind)).toContain("memory_too_small");
      }),
    );
  });

  it("every slot that a curve gives has made all together a tenth faster", () => {
    fc.assert(
      fc.property(curve, (measured) => {
        const { slots } = chooseSlots({ models: [], curve: measured });
        for (let parallel = 2; parallel <= slots; parallel += 1) {
          const [before, with_] = [measured[parallel - 2], measured[parallel - 1]];
          const grown = (with_?.tokensPerSecond ?? 0) >= (before?.tokensPerSecond ?? 0) * worthwhileGrowth - 1e-9;
          expect(grown && with_?.queued !== true).toBe(true);
        }
      }),
    );
  });

  it("more memory never means fewer slots, and a setting silences everything else", () => {
    fc.assert(
      fc.property(input, fc.integer({ min: 0, max: 50_000 }), count, (known, moreMb, setting) => {
        const { setting: _, ...free } = known;
        if (free.memory !== undefined) {
          const more = { ...free, memory: { ...free.memory, availableMb: free.memory.availableMb + moreMb } };
          const takesTurns = (one: SlotsInput) => kinds(one).includes("models_take_turns");
          if (takesTurns(free) === takesTurns(more)) {
            expect(chooseSlots(more).slots).toBeGreaterThanOrEqual(chooseSlots(free).slots);
          }
        }
        expect(chooseSlots({ ...free, setting }).slots).toBe(setting);
      }),
    );
  });
});

describe("slots", () => {
  it("are what Ollama runs in parallel, cut to what the memory holds", () => {
    const known = { ollamaParallel: 4, models: [small, large] };
    expect(chooseSlots({ ...known, memory: vram(22_000) })).toMatchObject({ slots: 4, decidedBy: "ollama_parallel" });
    // 22,000 − 6,619 of weights: 16 slots of 960; with 9,000 there are two.
    expect(chooseSlots({ ...known, memory: vram(9_000) })).toMatchObject({
      slots: 2,
      decidedBy: "memory",
      proposedParallel: 2,
    });
  });

  it("begin with one where nobody said how many Ollama runs, and four are proposed where they fit", () => {
    expect(chooseSlots({ models: [large], memory: vram(22_000) })).toMatchObject({
      slots: 1,
      decidedBy: "unmeasured",
      measureUpTo: mostSlots,
      proposedParallel: 4,
    });
    expect(chooseSlots({ models: [large], memory: vram(5_800) })).toMatchObject({ slots: 1, proposedParallel: 2 });
    expect(chooseSlots({ models: [large], memory: vram(5_300) })).not.toHaveProperty("proposedParallel");
  });

  it("stop where the throughput stops growing by a tenth a slot", () => {
    const known = { models: [large], memory: vram(22_000) };
    expect(chooseSlots({ ...known, curve: points(40, 76, 98, 102) })).toMatchObject({
      slots: 3,
      decidedBy: "curve",
      reasons: [{ kind: "memory" }, { kind: "curve", tokensPerSecond: 98, next: { parallel: 4 } }],
    });
    expect(chooseSlots({ ...known, curve: points(40, 76, 98, 110) }).slots).toBe(4);
    // A level that was cut off: the two slots to the next must have brought a tenth each.
    const gap = [...points(40, 76), { parallel: 4, tokensPerSecond: 90 }];
    expect(chooseSlots({ ...known, curve: gap }).slots).toBe(2);
  });

  it("stay at what Ollama really runs when it makes the second chat wait, and more is proposed", () => {
    const queued = [...points(40), { parallel: 2, tokensPerSecond: 55, queued: true }];
    expect(chooseSlots({ models: [large], memory: vram(22_000), curve: queued })).toMatchObject({
      slots: 1,
      decidedBy: "queued",
      proposedParallel: 4,
    });
  });

  it("are reckoned with the largest model alone where all do not fit together, which is said", () => {
    const both = { ollamaParallel: 8, models: [small, large], memory: vram(6_500) };
    expect(kinds(both)).toEqual(["ollama_parallel", "models_take_turns", "memory"]);
    expect(chooseSlots(both).slots).toBe(3);
  });

  it("are one where not even one fits", () => {
    const tight = { ollamaParallel: 8, models: [large], memory: vram(4_000) };
    expect(chooseSlots(tight).slots).toBe(1);
    expect(kinds(tight)).toContain("memory_too_small");
  });

  it("of a host without GPUs are at most as many as its cores", () => {
    expect(chooseSlots({ ollamaParallel: 16, models: [], cores: 4 })).toMatchObject({ slots: 4, decidedBy: "cores" });
  });

  it("are not bounded by memory that no tool tells of, nor by models that do not say what they need", () => {
    const { kvMbPerSlot: _, ...silent } = large;
    expect(kinds({ ollamaParallel: 2, models: [large] })).toEqual(["ollama_parallel"]);
    expect(kinds({ ollamaParallel: 2, models: [large, silent], memory: vram(10) })).toEqual(["ollama_parallel"]);
  });
});

describe("memory for models", () => {
  const host = { memoryMb: 32_000, freeMb: 20_000 };
  const gpu = (over: Partial<FoundGpu>): FoundGpu => ({ name: "GPU", vendor: "nvidia", memory: "own", ...over });
  const loaded = (sizeMb: number, vramMb: number) => [{ name: "m", digest: "", sizeMb, vramMb }];

  it("is what is free on all GPUs and what Ollama holds already, less what each GPU keeps", () => {
    const two = [gpu({ vramMb: 24_000, freeMb: 18_000 }), gpu({ vramMb: 24_000, freeMb: 23_000 })];
    expect(memoryForModels(two, host, [])).toEqual(vram(41_000 - 1_400));
    expect(memoryForModels(two, host, loaded(5_000, 5_000))).toEqual(vram(46_000 - 1_400));
    // Never more than there is, whatever is counted twice.
    expect(memoryForModels(two, host, loaded(90_000, 90_000))).toEqual(vram(48_000 - 1_400));
  });

  it("leaves out a processor's own graphics, and takes one slice of a GPU that is cut", () => {
    expect(memoryForModels([gpu({ vramMb: 16_368, freeMb: 15_708 }), gpu({ vramMb: 64 })], host, [])).toEqual(
      vram(15_008),
    );
    const slices = [gpu({ memory: "slice", vramMb: 9_728 }), gpu({ memory: "slice", vramMb: 19_456 })];
    expect(memoryForModels(slices, host, [])).toEqual(vram(18_756));
  });

  it("is the host's where there is no GPU or it shares the host's memory, and unknown where a GPU does not say", () => {
    expect(memoryForModels([], host, [])).toEqual({ kind: "memory", availableMb: 16_000 });
    expect(memoryForModels([gpu({ memory: "shared" })], host, loaded(5_000, 5_000))).toEqual({
      kind: "memory",
      availableMb: 20_000,
    });
    expect(memoryForModels([gpu({})], host, [])).toBeUndefined();
  });
});

it("a slot's context is what is loaded, else what the Modelfile, the setting or Ollama's own default says, within the model's", () => {
  const model = { name: "m", digest: "", weightsMb: 1, maxContext: 131_072 };
  const loaded = { name: "m", digest: "", sizeMb: 1, vramMb: 1, context: 5_000 };
  const known = { setting: 16_384, vramMb: 24_000 };
  expect(contextOf({ ...model, modelfileContext: 8_192 }, { ...known, loaded })).toEqual({
    tokens: 5_000,
    from: "loaded",
  });
  expect(contextOf({ ...model, modelfileContext: 8_192 }, known)).toEqual({ tokens: 8_192, from: "modelfile" });
  expect(contextOf(model, known)).toEqual({ tokens: 16_384, from: "setting" });
  const byVram = (gib: number) => contextOf(model, { vramMb: gib * 1024 });
  expect([8, 24, 80].map((gib) => byVram(gib).tokens)).toEqual([4_096, 32_768, 131_072]);
  expect(contextOf({ ...model, maxContext: 2_048 }, { vramMb: 0 })).toEqual({ tokens: 2_048, from: "default" });
});
