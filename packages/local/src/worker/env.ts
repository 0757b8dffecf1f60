import { z } from "zod";

const environmentSchema = z.object({
  /** The folder of the enrolled worker. */
  STEWARD_STATE_DIR: z.string().min(1),
  /** PEM file of what signs the nodes door's certificate. */
  STEWARD_SERVER_CA_FILE: z.string().min(1),
  STEWARD_STAGE: z.string().min(1),
  OLLAMA_HOST: z.string().min(1).default("127.0.0.1:11434"),
  /** Jobs at one time; chosen by the worker where it is absent. */
  STEWARD_WORKER_SLOTS: z.coerce.number().int().min(1).max(64).optional(),
});

/** Throws one error with every problem. */
export function workerEnvironment(source: Readonly<Record<string, string | undefined>> = process.env) {
  const parsed = environmentSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  throw new Error(
    `The worker's environment is not right: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`,
  );
}
