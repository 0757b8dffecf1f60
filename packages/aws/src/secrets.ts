import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { createCaches } from "./cache.ts";
import { calling, isNamed } from "./faults.ts";

/** A new value works within a minute, and Secrets Manager is not asked for every message. */
const maxAgeMs = 60_000;
const freshMs = 5_000;
const cacheOf = createCaches<string | undefined>(maxAgeMs);

export interface ReadOptions {
  /** The value before the one in force, which a rotation leaves for one turn. */
  previous?: boolean;
  /** As it is now, or was a few seconds ago: for whoever has met a newer one than the one remembered. */
  fresh?: boolean;
}

/**
 * A secret's value in force, or the one before; at most 60 s old. Undefined where there is none (also: made, but never
 * given a value).
 */
export async function getSecret(
  secrets: SecretsManagerClient,
  name: string,
  { previous = false, fresh = false }: ReadOptions = {},
): Promise<string | undefined> {
  const key = previous ? `${name} previous` : name;
  const VersionStage = previous ? "AWSPREVIOUS" : "AWSCURRENT";
  const load = () =>
    calling(`read the secret ${name}`, async () => {
      try {
        return (await secrets.send(new GetSecretValueCommand({ SecretId: name, VersionStage }))).SecretString;
      } catch (error) {
        if (isNamed(error, "ResourceNotFoundException")) return undefined;
        throw error;
      }
    });
  // Whoever sends rubbish must not make a call of each of it.
  return cacheOf(secrets).get(key, load, fresh ? freshMs : maxAgeMs);
}

/** Gives the secret a new value. The secret itself is the stacks' to make. */
export async function putSecret(secrets: SecretsManagerClient, name: string, value: string): Promise<void> {
  await calling(`write the secret ${name}`, () =>
    secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value })),
  );
  cacheOf(secrets).forget(name);
  cacheOf(secrets).forget(`${name} previous`);
}
