import {
  chooseSlots,
  contextOf,
  type ContextSource,
  memoryForModels,
  type ModelNeed,
  type SlotChoice,
} from "./choose-slots.ts";
import { type CurveKey, curveKey, findCurve, readCurves, type StoredCurve } from "./curve/curve-cache.ts";
import type { GpuProbe } from "./gpus/probe-gpus.ts";
import type { HostProbe } from "./gpus/probe-host.ts";
import type { OllamaFacts } from "./models/ollama-facts.ts";
import type { ModelFacts } from "./models/read-model.ts";

/** What people set, for the worker or for Ollama. */
export interface SlotSettings {
  /** STEWARD_WORKER_SLOTS */
  slots?: number;
  /** OLLAMA_NUM_PARALLEL */
  ollamaParallel?: number;
  /** OLLAMA_CONTEXT_LENGTH */
  contextLength?: number;
  /** OLLAMA_KV_CACHE_TYPE */
  kvCacheType?: string;
}

export interface SurveyedModel extends ModelNeed {
  facts: ModelFacts;
  context: { tokens: number; from: ContextSource };
}

export interface Survey {
  models: SurveyedModel[];
  /** Of the model that counts: the largest, as it holds most and is the slowest. Absent without any model. */
  curveOf: { model: string; key: CurveKey; context: number | undefined } | undefined;
  curve: StoredCurve | undefined;
  choice: SlotChoice;
}

/** Bits of a number in the KV cache, of the 16 that are reckoned with. */
const kvShare: Record<string, number> = { f16: 1, q8_0: 8.5 / 16, q4_0: 4.5 / 16 };

/** Everything that slots are chosen by, and the choice. `facts`: of the models that lanes are answered with. */
export async function survey(input: {
  gpus: GpuProbe;
  host: HostProbe;
  facts: OllamaFacts;
  settings: SlotSettings;
  stateDir: string;
}): Promise<Survey> {
  const { gpus, host, facts, settings } = input;
  const { loaded } = facts;
  const memory = memoryForModels(gpus.gpus, host, loaded);
  const kvCacheType = settings.kvCacheType ?? "f16";
  const vramMb = gpus.gpus.reduce((sum, gpu) => sum + (gpu.vramMb ?? 0), 0);
  const loadedOf = (name: string) => loaded.find((one) => one.name === name);
  const models = facts.models.map((model): SurveyedModel => {
    const held = loadedOf(model.name);
    const context = contextOf(model, {
      ...(held === undefined ? {} : { loaded: held }),
      ...(settings.contextLength === undefined ? {} : { setting: settings.contextLength }),
      vramMb,
    });
    const kv = model.kvBytesPerToken;
    const share = kvShare[kvCacheType] ?? 1;
    return {
      model: model.name,
      weightsMb: model.weightsMb,
      ...(kv === undefined ? {} : { kvMbPerSlot: Math.ceil((kv * share * context.tokens) / 1_048_576) }),
      facts: model,
      context,
    };
  });
  const [largest] = facts.models.toSorted((one, other) => other.weightsMb - one.weightsMb);
  const parallel = settings.ollamaParallel === undefined ? {} : { ollamaParallel: settings.ollamaParallel };
  const curveOf =
    largest === undefined
      ? undefined
      : {
          model: largest.name,
          key: curveKey({ gpus: gpus.gpus, host, ollama: facts.version, model: largest, ...parallel, kvCacheType }),
          context: loadedOf(largest.name)?.context,
        };
  const curve =
    curveOf === undefined ? undefined : findCurve(await readCurves(input.stateDir), curveOf.key, curveOf.context);
  const choice = chooseSlots({
    ...(settings.slots === undefined ? {} : { setting: settings.slots }),
    ...parallel,
    ...(memory === undefined ? {} : { memory }),
    // With a GPU the processor's cores do not decide.
    ...(gpus.gpus.length === 0 ? { cores: host.cores } : {}),
    models,
    ...(curve === undefined ? {} : { curve: curve.points }),
  });
  return { models, curveOf, curve, choice };
}
