import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { type CloudCredential, credentialsSchema } from "./authorize.ts";

const schema = z.object({
  STEWARD_STATE_DIR: z.string({ error: "the folder for the state, such as .steward" }).min(1),
  STEWARD_CLOUD_PORT: z.coerce.number().int().min(0).max(65_535).default(4566),
  STEWARD_STAGE: z
    .string({ error: "the stage's name, such as local" })
    .regex(/^[a-z][a-z0-9-]{0,19}$/, "lower-case letters, digits and hyphens, at most 20"),
  STEWARD_CREDENTIALS_FILE: z.string({ error: "a JSON file (0600) of keys and grants" }).min(1),
  STEWARD_DYNAMODB_ENDPOINT: z
    .url({ protocol: /^http$/, error: "an address such as http://127.0.0.1:8000" })
    .optional(),
  STEWARD_RECORD_CALLS: z.string().min(1).optional(),
});

export interface CloudEnvironment {
  stateDir: string;
  port: number;
  stage: string;
  credentials: CloudCredential[];
  dynamodbEndpoint: string | undefined;
  /** A folder to note the calls of Steward's parts in. */
  recordCalls: string | undefined;
}

/** Reads the environment and the credentials file once; throws one error that names every problem. */
export function readEnvironment(environment: NodeJS.ProcessEnv): CloudEnvironment {
  const parsed = schema.safeParse(environment);
  if (!parsed.success)
    throw new Error(
      `The environment is not right: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}.`,
    );
  const env = parsed.data;
  return {
    stateDir: env.STEWARD_STATE_DIR,
    port: env.STEWARD_CLOUD_PORT,
    stage: env.STEWARD_STAGE,
    credentials: readCredentials(env.STEWARD_CREDENTIALS_FILE),
    dynamodbEndpoint: env.STEWARD_DYNAMODB_ENDPOINT,
    recordCalls: env.STEWARD_RECORD_CALLS,
  };
}

function readCredentials(file: string): CloudCredential[] {
  const problem = (text: string) => new Error(`STEWARD_CREDENTIALS_FILE ${file} ${text}.`);
  let content: string;
  try {
    if ((statSync(file).mode & 0o077) !== 0) throw problem("can be read by others; run chmod 600 on it");
    content = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error) throw problem(`cannot be read (${String(error.code)})`);
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    throw problem("is not JSON");
  }
  const parsed = credentialsSchema.safeParse(json);
  // The values are secrets: only the places are told.
  if (!parsed.success)
    throw problem(
      `is not a list of {accessKeyId, secretAccessKey, principal, grants}: ${parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ")}`,
    );
  return parsed.data;
}
