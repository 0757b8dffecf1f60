import { lanes } from "@steward/contracts/names";
import { AppError } from "@steward/contracts/errors";
import { z } from "zod";
import { defaultModels, type WantedModels } from "./probe.ts";
import type { SlotSettings } from "./survey.ts";

const count = z.coerce.number().int().min(1).max(1024);
const ollamaCount = z.coerce
  .number()
  .int()
  .min(0)
  .max(10_000_000)
  .optional()
  .transform((number) => number || undefined);

const schema = z.object({
  /** The folder of the enrolled node. */
  STEWARD_STATE_DIR: z.string().min(1).default("/var/lib/steward-worker"),
  /** Whose queues: `lent` by the nodes door, with their stage; or the `machine`'s own rights, with the stage below. */
  STEWARD_QUEUE_ACCESS: z.enum(["lent", "machine"]).default("lent"),
  STEWARD_STAGE: z.string().min(1).default("local"),
  /** PEM file of the CA of the nodes door, where it is not a public one. */
  STEWARD_SERVER_CA_FILE: z.string().min(1).optional(),
  /** Jobs at a time. */
  STEWARD_WORKER_SLOTS: count.optional(),
  /** `express=llama3.2:3b,standard=llama3.1:8b` */
  STEWARD_WORKER_MODELS: z
    .string()
    .optional()
    .transform((text, context): WantedModels => {
      if (text === undefined) return defaultModels;
      const models: WantedModels = {};
      for (const part of text.split(",")) {
        const [name, model] = part.split("=");
        const lane = lanes.find((one) => one === name?.trim());
        if (lane === undefined || model === undefined || model.trim() === "") {
          context.addIssue(`must look like express=llama3.2:3b,standard=llama3.1:8b; "${part}" does not`);
          return z.NEVER;
        }
        models[lane] = model.trim();
      }
      return models;
    }),
  /** `never`: models are loaded by hand; else a wanted one that is missing is fetched. */
  STEWARD_WORKER_PULL: z.enum(["missing", "never"]).default("missing"),
  /** Seconds that running jobs get to finish after SIGTERM. */
  STEWARD_DRAIN_SECONDS: z.coerce.number().min(0).max(3600).default(25),
  OLLAMA_HOST: z.string().min(1).default("http://127.0.0.1:11434"),
  /** What Ollama itself runs with, where the worker is told: it cannot ask for these. 0 is Ollama's own choice. */
  OLLAMA_NUM_PARALLEL: ollamaCount,
  OLLAMA_CONTEXT_LENGTH: ollamaCount,
  OLLAMA_KV_CACHE_TYPE: z.string().optional(),
});

export type WorkerEnv = z.output<typeof schema>;
/** The names of all variables that mean something to the worker. */
export const workerVariables: readonly string[] = Object.keys(schema.shape);

/** The worker's whole environment, read once (`AWS_*` is read by the AWS SDK). Throws with every problem at once. */
export function readEnv(source: Record<string, string | undefined> = process.env): WorkerEnv {
  const set = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ""));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_request", "the worker's environment is not right", {
    fields: parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })),
  });
}

/** What slots are chosen by, as far as it was set. */
export function slotSettings(env: WorkerEnv): SlotSettings {
  return {
    ...(env.STEWARD_WORKER_SLOTS === undefined ? {} : { slots: env.STEWARD_WORKER_SLOTS }),
    ...(env.OLLAMA_NUM_PARALLEL === undefined ? {} : { ollamaParallel: env.OLLAMA_NUM_PARALLEL }),
    ...(env.OLLAMA_CONTEXT_LENGTH === undefined ? {} : { contextLength: env.OLLAMA_CONTEXT_LENGTH }),
    ...(env.OLLAMA_KV_CACHE_TYPE === undefined ? {} : { kvCacheType: env.OLLAMA_KV_CACHE_TYPE }),
  };
}
