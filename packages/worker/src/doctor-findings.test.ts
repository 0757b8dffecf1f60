import { describe, expect, it } from "vitest";
import { chooseSlots, type SlotsInput } from "./choose-slots.ts";
import { type Finding, gpuFindings, modelFindings, plotCurve, slotFindings } from "./doctor-findings.ts";
import type { FoundGpu } from "./gpus/found-gpu.ts";
import type { SlotSettings, Survey } from "./survey.ts";

const host = { cpu: "AMD EPYC 7R32", cores: 8, memoryMb: 32_768, freeMb: 16_384 };
const gpu = (over: Partial<FoundGpu> = {}): FoundGpu => ({
  name: "NVIDIA A10G",
  vendor: "nvidia",
  memory: "own",
  ...over,
});
const one = (findings: readonly Finding[], id: string) => {
  const found = findings.filter((finding) => finding.id === id);
  expect(found).toHaveLength(1);
  return found[0] as Finding;
};

describe("GPUs", () => {
  it("are named with their memory, what of it is free, how busy they are, and the driver", () => {
    const full = gpu({ vramMb: 23_028, freeMb: 22_528, usedPercent: 3, driver: "550.54.14" });
    expect(one(gpuFindings([full], [], host), "gpu")).toEqual({
      id: "gpu",
      level: "ok",
      text: "NVIDIA A10G: 22.5 GiB, 22.0 GiB free, 3 % busy, driver 550.54.14",
    });
    expect(one(gpuFindings([gpu({ memory: "shared" })], [], host), "gpu").text).toBe(
      "NVIDIA A10G: shares the host's 32.0 GiB, 16.0 GiB free",
    );
    expect(one(gpuFindings([gpu()], [], host), "gpu").text).toContain("does not say how much memory it has");
  });

  it("that are missing are no failure: the processor and the memory are named", () => {
    expect(one(gpuFindings([], [], host), "no-gpu")).toMatchObject({
      level: "note",
      text: "no GPU: models run on 8 cores (AMD EPYC 7R32) with 32.0 GiB of memory, 16.0 GiB free",
    });
  });

  it.each([
    ["timed_out", "no answer within 10 s", "dmesg"],
    ["failed", "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", "restart"],
    ["garbled", "answers what this worker cannot read: <?xml", "tell us"],
  ] as const)("whose tool has %s are a failure with its reason and the next step", (why, detail, next) => {
    const finding = one(gpuFindings([], [{ tool: "nvidia-smi", why, detail }], host), `tool-${why}`);
    expect(finding).toMatchObject({ level: "fail", text: `nvidia-smi: ${detail}` });
    expect(finding.next).toContain(next);
  });
});

describe("models", () => {
  const wanted = { express: "llama3.2:3b", standard: "llama3.1:8b", bulk: "llama3.1:8b" };
  it("that are there answer their lanes", () => {
    const findings = modelFindings({ wanted, present: ["llama3.2:3b", "llama3.1:8b"], pull: "missing" });
    expect(findings.map(({ level, text }) => [level, text])).toEqual([
      ["ok", "lane express: llama3.2:3b (wanted: llama3.2:3b)"],
      ["ok", "lane standard: llama3.1:8b (wanted: llama3.1:8b)"],
      ["ok", "lane bulk: llama3.1:8b (wanted: llama3.1:8b)"],
    ]);
  });

  it("that are missing are fetched by the worker, or, where that is forbidden, by hand", () => {
    const some = modelFindings({ wanted, present: ["llama3.2:3b"], pull: "missing" });
    expect(one(some, "missing-model")).toMatchObject({ level: "note", text: "llama3.1:8b is wanted and not there" });
    expect(one(some, "missing-model").next).toContain("the running worker fetches it");
    expect(some.some((finding) => finding.level === "fail")).toBe(false);
    const never = modelFindings({ wanted, present: ["llama3.2:3b"], pull: "never" });
    expect(one(never, "missing-model").next).toBe("STEWARD_WORKER_PULL=never: ollama pull llama3.1:8b");
  });

  it("of which none is there leave the lanes without an answer", () => {
    const none = modelFindings({ wanted: { express: "llama3.2:3b" }, present: ["mistral:latest"], pull: "never" });
    expect(none.filter((finding) => finding.level === "fail").map(({ text, next }) => [text, next])).toEqual([
      ["lane express: no model (wanted: llama3.2:3b)", "ollama pull llama3.2:3b"],
      ["lane standard: no model (wanted: any)", "ollama pull llama3.2:3b"],
      ["lane bulk: no model (wanted: any)", "ollama pull llama3.2:3b"],
    ]);
  });
});

describe("slots", () => {
  const large = { model: "llama3.1:8b", weightsMb: 4693, kvMbPerSlot: 512 };
  const small = { model: "llama3.2:3b", weightsMb: 1926, kvMbPerSlot: 448 };
  const vram = (availableMb: number) => ({ kind: "vram", availableMb }) as const;

  function found(input: Omit<SlotsInput, "models"> & { models?: SlotsInput["models"] }): Finding[] {
    const models = input.models ?? [large];
    const settings: SlotSettings = {
      ...(input.setting === undefined ? {} : { slots: input.setting }),
      ...(input.ollamaParallel === undefined ? {} : { ollamaParallel: input.ollamaParallel }),
    };
    const key = {
      hardware: "",
      driver: "",
      ollama: "",
      model: "llama3.1:8b",
      digest: "",
      ollamaParallel: null,
      kvCacheType: "f16",
    };
    const survey: Survey = {
      models: models.map((need) => ({
        ...need,
        facts: { name: need.model, digest: "", weightsMb: need.weightsMb, parameters: "8.0B", quantization: "Q4_K_M" },
        context: { tokens: 4096, from: "loaded" },
      })),
      curveOf: { model: "llama3.1:8b", key, context: 4096 },
      curve: input.curve === undefined ? undefined : { key, context: 4096, points: [...input.curve] },
      choice: chooseSlots({ ...input, models }),
    };
    return slotFindings(survey, settings);
  }
  const why = (input: Parameters<typeof found>[0]) => one(found(input), "slots").text;
  const points = (...speeds: number[]) =>
    speeds.map((tokensPerSecond, index) => ({ parallel: index + 1, tokensPerSecond }));

  it("are said with what decided them", () => {
    expect(why({ setting: 3 })).toBe("3 slots: STEWARD_WORKER_SLOTS says so");
    expect(why({ ollamaParallel: 2 })).toBe("2 slots: OLLAMA_NUM_PARALLEL says that Ollama runs 2 at a time");
    expect(why({ ollamaParallel: 9, memory: vram(6_400) })).toBe(
      "3 slots: 6.3 GiB of VRAM for models, 4.6 GiB for llama3.1:8b, 0.5 GiB for each slot",
    );
    expect(why({ ollamaParallel: 9, cores: 4 })).toBe("4 slots: one for each of 4 cores");
    expect(why({ curve: points(40, 76, 98, 102) })).toBe(
      "3 slots: they write 98.0 tokens a second together; with 4 it is 4 % more",
    );
    expect(why({ curve: points(40, 30) })).toBe(
      "1 slot: they write 40.0 tokens a second together; with 2 it is 25 % less",
    );
    expect(why({ curve: [...points(40), { parallel: 2, tokensPerSecond: 41, queued: true }] })).toBe(
      "1 slot: Ollama runs 1 at a time and makes others wait",
    );
    expect(why({})).toBe("1 slot: nobody said how many Ollama runs at a time, and it is not measured yet");
  });

  it("are followed by what each model needs, and where its context comes from", () => {
    expect(one(found({}), "model").text).toBe(
      "llama3.1:8b (8.0B Q4_K_M): 4.6 GiB, context 4096 (as loaded), 0.5 GiB a slot",
    );
  });

  it("that could be more with OLLAMA_NUM_PARALLEL say which value, and those that it promises beyond the memory too", () => {
    expect(one(found({ memory: vram(22_000) }), "parallel-unset").next).toBe(
      "set OLLAMA_NUM_PARALLEL=4 for Ollama and for the worker, and restart both",
    );
    const above = one(found({ ollamaParallel: 9, memory: vram(6_400) }), "parallel-above-memory");
    expect(above.text).toContain("OLLAMA_NUM_PARALLEL is 9, and the memory holds 3");
    expect(found({ ollamaParallel: 2, memory: vram(22_000) }).map((finding) => finding.id)).not.toContain(
      "parallel-unset",
    );
  });

  it("of models that do not fit together, or not at all, say so and what to take instead", () => {
    const both = found({ ollamaParallel: 2, models: [small, large], memory: vram(6_000) });
    expect(one(both, "models-take-turns")).toMatchObject({ level: "note" });
    expect(one(both, "models-take-turns").next).toContain("one model for all lanes");
    const tight = one(found({ ollamaParallel: 2, memory: vram(4_000) }), "memory-too-small");
    expect(tight.text).toBe(
      "llama3.1:8b needs 5.1 GiB and 3.9 GiB is there: a part of it runs on the CPU, many times slower",
    );
  });

  it("that were set above what the memory holds are kept, with a word on it", () => {
    expect(one(found({ setting: 8, memory: vram(6_400) }), "setting-above-memory").next).toBe(
      "set STEWARD_WORKER_SLOTS to 3, or take it away",
    );
    expect(found({ setting: 2, memory: vram(6_400) }).map((finding) => finding.id)).not.toContain(
      "setting-above-memory",
    );
  });

  it("that are not measured say how they will be", () => {
    expect(one(found({ ollamaParallel: 4 }), "no-curve").next).toContain("doctor --measure");
    expect(found({ ollamaParallel: 4, curve: points(40) }).map((finding) => finding.id)).not.toContain("no-curve");
    expect(found({ setting: 4 }).map((finding) => finding.id)).not.toContain("no-curve");
  });
});

it("the curve is drawn to scale, the slots marked", () => {
  const curve = [
    { parallel: 1, tokensPerSecond: 50 },
    { parallel: 2, tokensPerSecond: 100 },
    { parallel: 3, tokensPerSecond: 25, queued: true },
  ];
  expect(plotCurve(curve, 2)).toEqual([
    `   1  ${"█".repeat(16)}${" ".repeat(16)}     50.0`,
    `   2  ${"█".repeat(32)}    100.0  ◀ slots`,
    `   3  ${"█".repeat(8)}${" ".repeat(24)}     25.0  waits in Ollama`,
  ]);
});
