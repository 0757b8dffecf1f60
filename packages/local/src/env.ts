import { homedir } from "node:os";
import { join } from "node:path";
import { profilesPath } from "@steward/contracts/profile";
import { z } from "zod";

const text = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));
const schema = z.object({
  STEWARD_CONFIG_DIR: text,
  XDG_CONFIG_HOME: text,
  XDG_CACHE_HOME: text,
  OLLAMA_HOST: text,
  /** Another DynamoDB (or an imitation of it) than the one that comes along. */
  STEWARD_DYNAMODB_ENDPOINT: text.pipe(z.url({ error: "an address such as http://127.0.0.1:8000" }).optional()),
  /** A collector that the functions' invocations are told to. */
  OTEL_EXPORTER_OTLP_ENDPOINT: text.pipe(
    z.url({ protocol: /^https?$/, error: "an address such as http://127.0.0.1:4318" }).optional(),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: text,
  OTEL_SERVICE_NAME: text,
  OTEL_TRACES_SAMPLER: text,
  OTEL_TRACES_SAMPLER_ARG: text,
});

export interface LocalEnvironment {
  /** The CLI's profiles. */
  profilesFile: string;
  ollamaHost: string;
  dynamodbEndpoint: string | undefined;
  /** What the functions are told of OpenTelemetry: nothing where no collector is named. */
  openTelemetry: Record<string, string>;
  /** Compiled code, for all state folders of this user. */
  compileCacheDir: string;
}

/** The supervisor's own environment. Throws with every problem at once. */
export function readLocalEnvironment(
  source: Readonly<Record<string, string | undefined>> = process.env,
): LocalEnvironment {
  const parsed = schema.safeParse(source);
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
  }
  const env = parsed.data;
  return {
    profilesFile: profilesPath({
      home: homedir(),
      ...(env.STEWARD_CONFIG_DIR === undefined ? {} : { stewardConfigDir: env.STEWARD_CONFIG_DIR }),
      ...(env.XDG_CONFIG_HOME === undefined ? {} : { xdgConfigHome: env.XDG_CONFIG_HOME }),
    }),
    ollamaHost: env.OLLAMA_HOST ?? "127.0.0.1:11434",
    dynamodbEndpoint: env.STEWARD_DYNAMODB_ENDPOINT,
    openTelemetry:
      env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? {}
        : Object.fromEntries(
            Object.entries(env).filter(
              (entry): entry is [string, string] => entry[0].startsWith("OTEL_") && entry[1] !== undefined,
            ),
          ),
    compileCacheDir: join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "steward", "compiled"),
  };
}

/** Variables that a child needs of ours. Everything else stays here: no child inherits a secret by accident. */
export function inherited(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined || value === "" ? [] : [[name, value]];
    }),
  );
}
