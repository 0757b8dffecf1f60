import { z } from "zod";

/** What Ollama says of a model, as far as its need of memory goes. Memory in MiB. */
export interface ModelFacts {
  name: string;
  digest: string;
  /** The file; loaded it needs about as much. */
  weightsMb: number;
  quantization?: string;
  parameters?: string;
  /** The longest context that it was trained for. */
  maxContext?: number;
  /** KV cache of one token at 16 bits, in bytes; absent where the file does not say enough. */
  kvBytesPerToken?: number;
  /** `num_ctx` of its Modelfile. */
  modelfileContext?: number;
}

export interface LoadedModel {
  name: string;
  digest: string;
  sizeMb: number;
  vramMb: number;
  /** Of one slot. Ollama before 0.10 does not say. */
  context?: number;
}

const tagSchema = z.object({
  name: z.string(),
  digest: z.string().default(""),
  size: z.number().nonnegative().default(0),
  details: z.object({ parameter_size: z.string().optional(), quantization_level: z.string().optional() }).nullish(),
});
export const tagsSchema = z.object({ models: z.array(tagSchema).nullable() });
export type Tag = z.output<typeof tagSchema>;

export const showSchema = z.object({
  parameters: z.string().optional(),
  model_info: z.record(z.string(), z.unknown()).nullish(),
});

export const psSchema = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string().default(""),
        size: z.number().nonnegative().default(0),
        // Left out by some versions where nothing is on a GPU.
        size_vram: z.number().nonnegative().default(0),
        context_length: z.number().int().positive().optional(),
      }),
    )
    .nullable(),
});

export function readModel(tag: Tag, show: z.output<typeof showSchema>): ModelFacts {
  const info = show.model_info ?? {};
  const maxContext = positive(info[`${String(info["general.architecture"])}.context_length`]);
  const kvBytesPerToken = kvBytes(info);
  const modelfileContext = /^num_ctx\s+(\d+)\s*$/m.exec(show.parameters ?? "")?.[1];
  return {
    name: tag.name,
    digest: tag.digest,
    weightsMb: Math.ceil(tag.size / 1_048_576),
    ...(tag.details?.quantization_level ? { quantization: tag.details.quantization_level } : {}),
    ...(tag.details?.parameter_size ? { parameters: tag.details.parameter_size } : {}),
    ...(maxContext === undefined ? {} : { maxContext }),
    ...(kvBytesPerToken === undefined ? {} : { kvBytesPerToken }),
    ...(modelfileContext === undefined ? {} : { modelfileContext: Number(modelfileContext) }),
  };
}

export function readLoaded(ps: z.output<typeof psSchema>): LoadedModel[] {
  return (ps.models ?? []).map((model) => ({
    name: model.name,
    digest: model.digest,
    sizeMb: Math.ceil(model.size / 1_048_576),
    vramMb: Math.ceil(model.size_vram / 1_048_576),
    ...(model.context_length === undefined ? {} : { context: model.context_length }),
  }));
}

/**
 * Keys and values of every layer at two bytes a number. Models that look at a window in some layers, or keep one
 * compressed vector, need less: the count errs to fewer slots.
 */
function kvBytes(info: Record<string, unknown>): number | undefined {
  const of = (name: string) => info[`${String(info["general.architecture"])}.${name}`];
  const layers = positive(of("block_count"));
  const heads = of("attention.head_count");
  const kvHeads = of("attention.head_count_kv") ?? heads;
  const embedding = positive(of("embedding_length"));
  const mostHeads = Array.isArray(heads) ? Math.max(...heads.map(Number)) : positive(heads);
  const headLength = embedding === undefined || !mostHeads ? undefined : embedding / mostHeads;
  const keyLength = positive(of("attention.key_length")) ?? headLength;
  const valueLength = positive(of("attention.value_length")) ?? headLength;
  if (layers === undefined || keyLength === undefined || valueLength === undefined) return undefined;
  // Some files say it layer by layer; layers without attention have 0.
  const all = Array.isArray(kvHeads)
    ? kvHeads.map(Number).reduce((sum, count) => sum + count, 0)
    : layers * (positive(kvHeads) ?? Number.NaN);
  return Number.isFinite(all) && all > 0 ? all * (keyLength + valueLength) * 2 : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
}
