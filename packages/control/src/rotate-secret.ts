import { type SecretVersions, stages } from "@steward/aws/secret-versions";
import { AppError } from "@steward/contracts/errors";
import { type RotatedSecret, resourceNames, rotatedSecretNames } from "@steward/contracts/names";
import { z } from "zod";
import type { Context } from "./context.ts";

/** What Secrets Manager sends to a rotation function. */
export const rotationEventSchema = z.object({
  Step: z.enum(["createSecret", "setSecret", "testSecret", "finishSecret"]),
  /** The secret's ARN. */
  SecretId: z.string().min(1),
  /** The version that is to become current. */
  ClientRequestToken: z.string().min(32).max(64),
});
export type RotationEvent = z.infer<typeof rotationEventSchema>;

/**
 * One step of a rotation. Each may be killed anywhere and be made again, also twice at once: the version's id is given,
 * its value is written once, and moving a stage to where it is changes nothing. Fails closed: whatever is not exactly as
 * Secrets Manager sets it up (the secret one of ours, rotation on, the version announced) is refused before anything is
 * read or written.
 */
export async function rotateSecret(
  deps: Pick<Context, "stage" | "secret" | "log"> & { versions: SecretVersions },
  { Step: step, SecretId, ClientRequestToken: id }: RotationEvent,
): Promise<void> {
  const { versions } = deps;
  const { name, secret } = nameOf(deps.stage, SecretId);
  const { enabled, stages: staged } = await versions.rotation(name);
  if (!enabled) throw refused(`${name} is not set to be rotated`);
  const own = staged[id];
  if (own === undefined) throw refused(`${name} has no such version to rotate to`);
  // Done already: the reply of the last step was lost.
  if (own.includes(stages.current)) return;
  if (!own.includes(stages.pending)) throw refused(`the version is not the one that ${name} is being rotated to`);
  const version = { id, stage: stages.pending };
  switch (step) {
    case "createSecret":
      if ((await versions.read(name, version)) !== undefined) return;
      // Two at once: the value that came first is the one that both go on with.
      await versions.write(name, make(deps, secret), version);
      return;
    case "setSecret":
      // Nobody else has to be told of it: whoever uses it reads it here.
      return;
    case "testSecret": {
      // Secrets Manager also makes this step alone, to try a schedule that was set: with a copy, or with no value yet.
      const value = await versions.read(name, version);
      if (value !== undefined && !/^[\w-]{43,}$/.test(value)) throw refused(`the new version of ${name} is not usable`);
      return;
    }
    case "finishSecret": {
      if ((await versions.read(name, version)) === undefined) throw refused(`the new version of ${name} has no value`);
      const before = Object.keys(staged).find((one) => staged[one]?.includes(stages.current));
      await versions.makeCurrent(name, id, before);
      deps.log("info", "secret_rotated", { record: name, version: id });
      return;
    }
    default:
      step satisfies never;
  }
}

/** The secret of an ARN, whose name ends with six characters of its own; only those that we rotate. */
function nameOf(stage: string, arn: string): { name: string; secret: RotatedSecret } {
  const names = resourceNames(stage);
  const named = arn.split(":").slice(6).join(":");
  for (const secret of rotatedSecretNames) {
    const name = names.secret(secret);
    if (named.startsWith(`${name}-`) && /^-[A-Za-z0-9]{6}$/.test(named.slice(name.length))) return { name, secret };
  }
  throw refused("this secret is not one that Steward rotates");
}

function make(deps: Pick<Context, "secret">, secret: RotatedSecret): string {
  switch (secret) {
    case "cursor-key":
      return deps.secret();
    default:
      return secret satisfies never;
  }
}

function refused(message: string): AppError {
  return new AppError("forbidden", message);
}
