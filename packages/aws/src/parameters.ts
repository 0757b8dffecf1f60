import { GetParameterCommand, PutParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { createCaches } from "./cache.ts";
import { calling, isNamed } from "./faults.ts";

const maxAgeMs = 60_000;
const cacheOf = createCaches<string | undefined>(maxAgeMs);

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

/** Gives the parameter a value, and makes it if there is none. */
export async function putParameter(ssm: SSMClient, name: string, value: string): Promise<void> {
  await calling(`write the parameter ${name}`, () => ssm.send(writeCommand(name, value, true)));
  cacheOf(ssm).forget(name);
}

/** Makes the parameter; false, and nothing changed, where there is one. Of several who try at once, one gets `true`. */
export async function createParameter(ssm: SSMClient, name: string, value: string): Promise<boolean> {
  const made = await calling(`make the parameter ${name}`, async () => {
    try {
      await ssm.send(writeCommand(name, value, false));
      return true;
    } catch (error) {
      if (isNamed(error, "ParameterAlreadyExists")) return false;
      throw error;
    }
  });
  cacheOf(ssm).forget(name);
  return made;
}

/** A standard parameter holds 4 KB, an advanced one (charged by the month) 8 KB: the tier goes by the size. */
function writeCommand(name: string, value: string, overwrite: boolean): PutParameterCommand {
  return new PutParameterCommand({
    Name: name,
    Value: value,
    Type: "String",
    Overwrite: overwrite,
    Tier: "Intelligent-Tiering",
  });
}
