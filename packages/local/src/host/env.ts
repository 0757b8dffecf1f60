import { z } from "zod";

const environmentSchema = z.object({
  STEWARD_STATE_DIR: z.string().min(1),
  STEWARD_STAGE: z.string().min(1),
  STEWARD_CREDENTIALS_FILE: z.string().min(1),
  /** `http://127.0.0.1:4566` */
  AWS_ENDPOINT_URL: z.url(),
  AWS_REGION: z.string().min(1),
  STEWARD_API_PORT: z.coerce.number().int().min(0).max(65_535),
  STEWARD_NODES_PORT: z.coerce.number().int().min(0).max(65_535),
  STEWARD_RECONCILE_SECONDS: z.coerce.number().positive().default(5),
  STEWARD_SWEEP_SECONDS: z.coerce.number().positive().default(10),
  STEWARD_SEAL_SECONDS: z.coerce.number().positive().default(60),
  STEWARD_SCHEDULE_SECONDS: z.coerce.number().positive().default(60),
  /** Seconds that messages stay hidden from other consumers; each queue's own by default. */
  STEWARD_VISIBILITY_SECONDS: z.coerce.number().int().positive().optional(),
  /** Holds `<name>/index.mjs` of every function, as the build makes them; the sources by default. */
  STEWARD_FUNCTIONS_DIR: z.string().min(1).optional(),
  /** More variables for every function: a JSON object. */
  STEWARD_FUNCTION_ENV: z
    .string()
    .default("{}")
    .transform((text, context) => {
      const parsed = z.record(z.string(), z.string()).safeParse(parseJson(text));
      if (parsed.success) return parsed.data;
      context.addIssue("must be a JSON object of texts");
      return z.NEVER;
    }),
  STEWARD_COMPILE_CACHE: z.string().optional(),
});
export type HostEnvironment = z.infer<typeof environmentSchema>;

export function parseHostEnvironment(source: Readonly<Record<string, string | undefined>>): HostEnvironment {
  const parsed = environmentSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `  ${issue.path.join(".")}: ${issue.message}`);
  throw new Error(`The Lambda host's environment is not right:\n${problems.join("\n")}`);
}

export const hostEnvironment = (): HostEnvironment => parseHostEnvironment(process.env);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
