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
});

export interface LocalEnvironment {
  /** The CLI's profiles. */
  profilesFile: string;
  ollamaHost: string;
  dynamodbEndpoint: string | undefined;
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
