import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { type Cache, createCache } from "./cache.ts";
import { calling, isNamed } from "./faults.ts";

/** A new value works within a minute, and Secrets Manager is not asked for every message. */
const maxAgeMs = 60_000;
const caches = new WeakMap<SecretsManagerClient, Cache<string | undefined>>();

function cacheOf(secrets: SecretsManagerClient): Cache<string | undefined> {
  const known = caches.get(secrets);
  if (known !== undefined) return known;
  const made = createCache<string | undefined>(maxAgeMs);
  caches.set(secrets, made);
  return made;
}

/** A secret's current value, at most 60 s old; undefined where there is none (also: made, but never given a value). */
export async function getSecret(secrets: SecretsManagerClient, name: string): Promise<string | undefined> {
  return cacheOf(secrets).get(name, () =>
    calling(`read the secret ${name}`, async () => {
      try {
        return (await secrets.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;
      } catch (error) {
        if (isNamed(error, "ResourceNotFoundException")) return undefined;
        throw error;
      }
    }),
  );
}

/** Gives the secret a new value. The secret itself is the stacks' to make. */
export async function putSecret(secrets: SecretsManagerClient, name: string, value: string): Promise<void> {
  await calling(`write the secret ${name}`, () =>
    secrets.send(new PutSecretValueCommand({ SecretId: name, SecretString: value })),
  );
  cacheOf(secrets).forget(name);
}
