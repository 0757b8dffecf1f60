import { type SecretVersion, type SecretVersions, stages } from "@steward/aws/secret-versions";
import { commit } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { isRotated, resourceNames, type SecretName, secretNames } from "@steward/contracts/names";
import type { SecretView, setSecretSchema } from "@steward/contracts/secret";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context, Repeatable } from "./context.ts";

type Deps = Pick<Context, "stage" | "table" | "nowMs"> & { versions: SecretVersions };

const about: Record<SecretName, string> = {
  anthropic: "The key of the Claude API",
  "cursor-key": "Seals the cursors of lists",
};
const dayMs = 86_400_000;

/** Every secret of the installation, without the values: this code has no right to them. */
export async function listSecrets(deps: Deps): Promise<{ items: SecretView[] }> {
  return { items: await Promise.all(secretNames.map((name) => view(deps, name))) };
}

/**
 * Gives a secret a new value. The one before stays as the previous one. The audit's entry is written first, because the
 * two cannot be one transaction: an entry may stand for a change that then failed, and never the other way round.
 */
export async function setSecret(
  deps: Deps,
  caller: Caller,
  params: { secretName: SecretName },
  body: z.output<typeof setSecretSchema>,
): Promise<SecretView> {
  const name = params.secretName;
  if (isRotated(name)) {
    throw new AppError("unprocessable", `${name} is made by Steward, not given`, {
      next: `Have a new one made: steward secrets rotate ${name}`,
    });
  }
  const id = body.version ?? crypto.randomUUID();
  await audit(deps, caller, "set-secret", name, id);
  const full = resourceNames(deps.stage).secret(name);
  if (!(await deps.versions.write(full, body.value, { id, stage: stages.current }))) {
    throw new AppError("idempotency_mismatch", "this version has another value already", {
      next: "Send the new value with a version of its own.",
    });
  }
  return view(deps, name);
}

/** Has a secret made anew now. What it guards goes on with the one before for one turn. */
export async function rotateNow(
  deps: Deps,
  caller: Caller,
  params: { secretName: SecretName },
  repeatable?: Repeatable,
): Promise<SecretView> {
  const name = params.secretName;
  if (!isRotated(name)) {
    throw new AppError("unprocessable", `${name} cannot be made here: somebody else makes it`, {
      next: `Make a new one there, and put it in: steward secrets set ${name}`,
    });
  }
  const id = repeatable?.idOf("token") ?? crypto.randomUUID();
  await audit(deps, caller, "rotate-secret", name, id);
  if (!(await deps.versions.rotate(resourceNames(deps.stage).secret(name), id.padEnd(32, "0")))) {
    throw new AppError("conflict", `${name} is being rotated already`, {
      next: "Look in a minute: steward secrets ls",
      retryAfterSeconds: 30,
    });
  }
  return view(deps, name);
}

/** How old the values in force are, in days; of those that have one. */
export async function secretAges(
  deps: Pick<Deps, "stage" | "nowMs" | "versions">,
): Promise<{ name: SecretName; days: number }[]> {
  const names = resourceNames(deps.stage);
  const all = await Promise.all(
    secretNames.map(async (name) => {
      const current = holder(await deps.versions.list(names.secret(name)), stages.current);
      return current === undefined ? [] : [{ name, days: Math.max(0, deps.nowMs() - current.createdAtMs) / dayMs }];
    }),
  );
  return all.flat();
}

async function view(deps: Deps, name: SecretName): Promise<SecretView> {
  const full = resourceNames(deps.stage).secret(name);
  const [list, rotation] = await Promise.all([deps.versions.list(full), deps.versions.rotation(full)]);
  const found = list ?? [];
  const current = holder(found, stages.current);
  const iso = (ms: number) => new Date(ms).toISOString();
  const oldestDays = isRotated(name) ? defaults.rotatedSecretDays : defaults.givenSecretDays;
  return {
    name,
    about: about[name],
    madeBy: isRotated(name) ? "steward" : "person",
    isSet: current !== undefined,
    versions: found
      .toSorted((a, b) => b.createdAtMs - a.createdAtMs)
      .flatMap(({ id, stages: own, createdAtMs }) => {
        const state = stateOf(own);
        return state === undefined ? [] : [{ id, state, createdAt: iso(createdAtMs) }];
      }),
    ...(current === undefined ? {} : { changedAt: iso(current.createdAtMs) }),
    ...(rotation.rotatedAtMs === undefined ? {} : { rotatedAt: iso(rotation.rotatedAtMs) }),
    ...(rotation.nextAtMs === undefined ? {} : { nextRotationAt: iso(rotation.nextAtMs) }),
    overdue: current !== undefined && deps.nowMs() - current.createdAtMs > oldestDays * dayMs,
  };
}

function holder(versions: readonly SecretVersion[] | undefined, stage: string): SecretVersion | undefined {
  return versions?.find((version) => version.stages.includes(stage));
}

/** Where one has two stages, as a new one has at the end of its rotation, the first of these counts. */
function stateOf(own: readonly string[]): "current" | "previous" | "pending" | undefined {
  if (own.includes(stages.current)) return "current";
  if (own.includes(stages.previous)) return "previous";
  return own.includes(stages.pending) ? "pending" : undefined;
}

/** Which version, never what it is: nor a hash of it, from which a short one could be found out. */
async function audit(deps: Deps, caller: Caller, what: string, name: SecretName, version: string): Promise<void> {
  await commit(deps.table, [
    audited(deps.nowMs(), {
      tenantId: caller.tenantId,
      who: caller.principal.id,
      what,
      record: `secret/${name}`,
      after: { version },
      requestId: caller.requestId,
    }),
  ]);
}
