import type { Lane } from "@steward/contracts/names";
import { lanes } from "@steward/contracts/names";
import type { CurvePoint, SlotChoice, SlotReason } from "./choose-slots.ts";
import type { FoundGpu } from "./gpus/found-gpu.ts";
import type { ToolTrouble } from "./gpus/probe-gpus.ts";
import type { HostProbe } from "./gpus/probe-host.ts";
import { missingModels, modelFor, type WantedModels } from "./probe.ts";
import type { SlotSettings, Survey, SurveyedModel } from "./survey.ts";

/** `fail`: the worker does not work as it is. `note`: it works, and could do better. */
export interface Finding {
  id: string;
  level: "ok" | "note" | "fail";
  text: string;
  /** What to do about it. */
  next?: string;
}

export function gpuFindings(gpus: readonly FoundGpu[], troubles: readonly ToolTrouble[], host: HostProbe): Finding[] {
  return [
    ...gpus.map((gpu): Finding => ({ id: "gpu", level: "ok", text: gpuText(gpu, host) })),
    ...(gpus.length === 0
      ? [
          {
            id: "no-gpu",
            level: "note",
            text: `no GPU: models run on ${host.cores} cores (${host.cpu}) with ${gib(host.memoryMb)} of memory, ${gib(host.freeMb)} free`,
            next: "with a GPU, install its maker's driver and tool (nvidia-smi or rocm-smi) and look again",
          } as const,
        ]
      : []),
    ...troubles.map(troubleFinding),
  ];
}

function gpuText(gpu: FoundGpu, host: HostProbe): string {
  const memory =
    gpu.memory === "shared"
      ? `shares the host's ${gib(host.memoryMb)}, ${gib(host.freeMb)} free`
      : gpu.vramMb === undefined
        ? "does not say how much memory it has: slots are not bounded by it"
        : `${gib(gpu.vramMb)}${gpu.freeMb === undefined ? "" : `, ${gib(gpu.freeMb)} free`}`;
  const used = gpu.usedPercent === undefined ? "" : `, ${Math.round(gpu.usedPercent)} % busy`;
  return `${gpu.name}: ${memory}${used}${gpu.driver === undefined ? "" : `, driver ${gpu.driver}`}`;
}

function troubleFinding({ tool, why, detail }: ToolTrouble): Finding {
  const next = {
    timed_out: `the driver hangs: run ${tool} by hand, look into dmesg, restart the machine`,
    failed: `run ${tool} by hand; after an update of the driver the machine wants a restart`,
    garbled: `run ${tool} by hand and tell us what it writes; the GPU is not counted meanwhile`,
  }[why];
  return { id: `tool-${why}`, level: "fail", text: `${tool}: ${detail}`, next };
}

/** Which model answers which lane, and what is missing. */
export function modelFindings(of: {
  wanted: WantedModels;
  present: readonly string[];
  pull: "missing" | "never";
}): Finding[] {
  const { wanted, present, pull } = of;
  const byLane = lanes.map((lane: Lane): Finding => {
    const model = modelFor(lane, wanted, present);
    const asked = wanted[lane] ?? "any";
    if (model === undefined) {
      const next =
        pull === "missing" ? "the running worker fetches it" : `ollama pull ${wanted[lane] ?? "llama3.2:3b"}`;
      return { id: "lane", level: "fail", text: `lane ${lane}: no model (wanted: ${asked})`, next };
    }
    return { id: "lane", level: "ok", text: `lane ${lane}: ${model} (wanted: ${asked})` };
  });
  const missing = missingModels(wanted, present).map((model): Finding => {
    const next =
      pull === "missing"
        ? "the running worker fetches it; steward workers ls shows how far it is"
        : `STEWARD_WORKER_PULL=never: ollama pull ${model}`;
    return { id: "missing-model", level: "note", text: `${model} is wanted and not there`, next };
  });
  return [...byLane, ...missing];
}

/** How many slots, why, and what would make them more or better. */
export function slotFindings(found: Survey, settings: SlotSettings): Finding[] {
  const { choice } = found;
  return [
    ...found.models.map((model): Finding => ({ id: "model", level: "ok", text: modelText(model) })),
    { id: "slots", level: "ok", text: `${slotsText(choice.slots)}: ${decisionText(choice)}` },
    ...choice.reasons.flatMap((reason) => hintOf(reason, choice)),
    ...parallelFindings(found, settings),
    ...(found.curve === undefined && choice.measureUpTo > 1
      ? [
          {
            id: "no-curve",
            level: "note",
            text: `the throughput of ${found.curveOf?.model ?? "the model"} is not measured yet`,
            next: "the worker measures it when it starts or has nothing to do; sudo steward-worker doctor --measure does it now",
          } as const,
        ]
      : []),
  ];
}

function modelText({ facts, context, kvMbPerSlot }: SurveyedModel): string {
  const from = {
    loaded: "as loaded",
    modelfile: "its Modelfile",
    setting: "OLLAMA_CONTEXT_LENGTH",
    default: "Ollama's default for this host",
  }[context.from];
  const kv = kvMbPerSlot === undefined ? "does not say what a slot needs" : `${gib(kvMbPerSlot)} a slot`;
  const about = [facts.parameters, facts.quantization].filter((part) => part !== undefined).join(" ");
  return `${facts.name}${about === "" ? "" : ` (${about})`}: ${gib(facts.weightsMb)}, context ${context.tokens} (${from}), ${kv}`;
}

export function decisionText(choice: SlotChoice): string {
  const reason = choice.reasons.find((one) => one.kind === choice.decidedBy);
  if (reason === undefined) return "";
  switch (reason.kind) {
    case "setting":
      return "STEWARD_WORKER_SLOTS says so";
    case "ollama_parallel":
      return `OLLAMA_NUM_PARALLEL says that Ollama runs ${reason.slots} at a time`;
    case "memory": {
      const rest = `${gib(reason.availableMb)} of ${reason.memory === "vram" ? "VRAM" : "memory"} for models`;
      return `${rest}, ${gib(reason.weightsMb)} for ${reason.models.join(" and ")}, ${gib(reason.kvMbPerSlot)} for each slot`;
    }
    case "cores":
      return `one for each of ${reason.cores} cores`;
    case "curve": {
      const { tokensPerSecond, next } = reason;
      const gain = next === undefined ? "" : `; with ${next.parallel} it is ${percentMore(tokensPerSecond, next)}`;
      return `they write ${tokensPerSecond.toFixed(1)} tokens a second together${gain}`;
    }
    case "queued":
      return `Ollama runs ${reason.slots} at a time and makes others wait`;
    case "unmeasured":
      return "nobody said how many Ollama runs at a time, and it is not measured yet";
    case "models_take_turns":
    case "memory_too_small":
      return "";
    default:
      return reason satisfies never;
  }
}

function percentMore(before: number, next: CurvePoint): string {
  if (next.queued) return "no more: Ollama makes it wait";
  const percent = Math.round((next.tokensPerSecond / before - 1) * 100);
  return percent >= 0 ? `${percent} % more` : `${-percent} % less`;
}

function hintOf(reason: SlotReason, choice: SlotChoice): Finding[] {
  if (reason.kind === "models_take_turns") {
    return [
      {
        id: "models-take-turns",
        level: "note",
        text: `${reason.models.join(" and ")} do not fit together (${gib(reason.weightsMb)} and their slots, ${gib(reason.availableMb)} there): Ollama loads one after the other, which takes seconds each time`,
        next: "name one model for all lanes in STEWARD_WORKER_MODELS, or a smaller one",
      },
    ];
  }
  if (reason.kind === "memory_too_small") {
    return [
      {
        id: "memory-too-small",
        level: "note",
        text: `${reason.models.join(" and ")} needs ${gib(reason.needMb)} and ${gib(reason.availableMb)} is there: a part of it runs on the CPU, many times slower`,
        next: "take a smaller model or quantisation, or a shorter OLLAMA_CONTEXT_LENGTH",
      },
    ];
  }
  if (reason.kind === "memory" && choice.decidedBy === "setting" && reason.slots < choice.slots) {
    return [
      {
        id: "setting-above-memory",
        level: "note",
        text: `STEWARD_WORKER_SLOTS is ${choice.slots}, and the memory holds ${reason.slots}`,
        next: `set STEWARD_WORKER_SLOTS to ${reason.slots}, or take it away`,
      },
    ];
  }
  return [];
}

function parallelFindings({ choice }: Survey, settings: SlotSettings): Finding[] {
  const { proposedParallel: proposed } = choice;
  if (proposed === undefined) return [];
  if (settings.ollamaParallel !== undefined) {
    return [
      {
        id: "parallel-above-memory",
        level: "note",
        text: `OLLAMA_NUM_PARALLEL is ${settings.ollamaParallel}, and the memory holds ${proposed}: Ollama moves a part of the model to the CPU for the others' sake`,
        next: `set OLLAMA_NUM_PARALLEL=${proposed} for Ollama and for the worker, and restart both`,
      },
    ];
  }
  return [
    {
      id: "parallel-unset",
      level: "note",
      text: `OLLAMA_NUM_PARALLEL is not set for the worker; Ollama alone takes 1, and there is room for ${proposed}`,
      next: `set OLLAMA_NUM_PARALLEL=${proposed} for Ollama and for the worker, and restart both`,
    },
  ];
}

const barWidth = 32;

/** The curve as lines of text, the slots marked. */
export function plotCurve(points: readonly CurvePoint[], slots: number): string[] {
  const most = Math.max(1e-9, ...points.map((point) => point.tokensPerSecond));
  return points.map(({ parallel, tokensPerSecond, queued }) => {
    const bar = "█".repeat(Math.max(1, Math.round((tokensPerSecond / most) * barWidth))).padEnd(barWidth);
    const mark = parallel === slots ? "  ◀ slots" : queued ? "  waits in Ollama" : "";
    return `${String(parallel).padStart(4)}  ${bar}  ${tokensPerSecond.toFixed(1).padStart(7)}${mark}`;
  });
}

const slotsText = (slots: number): string => (slots === 1 ? "1 slot" : `${slots} slots`);
const gib = (mb: number): string => `${(mb / 1024).toFixed(1)} GiB`;
