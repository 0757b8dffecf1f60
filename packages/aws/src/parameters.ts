import { GetParameterCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { type Cache, createCache } from "./cache.ts";
import { calling, isNamed } from "./faults.ts";

const maxAgeMs = 60_000;
const caches = new WeakMap<SSMClient, Cache<string | undefined>>();

function cacheOf(ssm: SSMClient): Cache<string | undefined> {
  const known = caches.get(ssm);
  if (known !== undefined) return known;
  const made = createCache<string | undefined>(maxAgeMs);
  caches.set(ssm, made);
  return made;
}

/** A parameter's value, undefined where there is none. With `cached` it may be 60 s old. */
export async function getParameter(
  ssm: SSMClient,
  name: string,
  { cached = false }: { cached?: boolean } = {},
): Promise<string | undefined> {
  const load = () =>
    calling(`read the parameter ${name}`, async () => {
      try {
        return (await ssm.send(new GetParameterCommand({ Name: name }))).Parameter?.Value;
      } catch (error) {
        if (isNamed(error, "ParameterNotFound")) return undefined;
        throw error;
      }
    });
  return cached ? cacheOf(ssm).get(name, load) : load();
}

/** A standard parameter holds 4 KB, an advanced one (charged by the month) 8 KB: the tier goes by the size. */
export async function putParameter(ssm: SSMClient, name: string, value: string): Promise<void> {
  await calling(`write the parameter ${name}`, () =>
    ssm.send(
      new PutParameterCommand({
        Name: name,
        Value: value,
        Type: "String",
        Overwrite: true,
        Tier: "Intelligent-Tiering",
      }),
    ),
  );
  cacheOf(ssm).forget(name);
}
