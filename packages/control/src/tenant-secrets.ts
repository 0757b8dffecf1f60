import type { RunSecrets } from "@steward/aws/run-secrets";
import {
  createTenantSecret,
  getTenantSecret,
  listTenantSecrets as list,
  replaceTenantSecret,
} from "@steward/aws/records/tenant-secret";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { resourceNames } from "@steward/contracts/names";
import type { setTenantSecretSchema, TenantSecretView } from "@steward/contracts/run-secret";
import type { TenantSecretState } from "@steward/core/tenant/tenant-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "table" | "nowMs" | "stage"> & { runSecrets: RunSecrets };

const maxSecrets = 200;

/** What a tenant has put in: names, and when. This code has no right to read a value. */
export async function listTenantSecrets(
  deps: Pick<Deps, "table">,
  caller: Caller,
): Promise<{ items: TenantSecretView[] }> {
  const found = await list(deps.table, caller.tenantId);
  return { items: found.filter(({ removedAtMs }) => removedAtMs === undefined).map(view) };
}

/**
 * Gives a secret a new value. The record and its trail come first: an entry may stand for a change that then failed, and the
 * same call again makes it whole; but no value lies anywhere that no record knows of.
 */
export async function setTenantSecret(
  deps: Deps,
  caller: Caller,
  params: { tenantSecret: string },
  body: z.output<typeof setTenantSecretSchema>,
): Promise<TenantSecretView> {
  const key = { tenantId: caller.tenantId, name: params.tenantSecret };
  const secretVersion = body.version ?? crypto.randomUUID();
  const stored = await retryOnConflict(async () => {
    const before = await getTenantSecret(deps.table, key);
    if (before?.secretVersion === secretVersion && before.removedAtMs === undefined) return before;
    if (before === undefined && (await list(deps.table, key.tenantId)).length >= maxSecrets)
      throw new AppError("quota_exceeded", `a tenant has at most ${maxSecrets} secrets`);
    const nowMs = deps.nowMs();
    const next: TenantSecretState = {
      v: 1,
      version: (before?.version ?? 0) + 1,
      ...key,
      secretVersion,
      changedAtMs: nowMs,
      changedBy: caller.principal.id,
    };
    await commit(deps.table, [
      before === undefined ? createTenantSecret(next) : replaceTenantSecret(before, next),
      trail(deps, caller, "set-tenant-secret", before, next),
    ]);
    return next;
  });
  if (!(await deps.runSecrets.put(resourceNames(deps.stage).tenantSecret(key), body.value, secretVersion))) {
    throw new AppError("idempotency_mismatch", "this version has another value already", {
      next: "Send the new value with a version of its own.",
    });
  }
  return view(stored);
}

/** Removes a secret with all of its versions. Killed half-way, the same call again ends it. */
export async function removeTenantSecret(deps: Deps, caller: Caller, params: { tenantSecret: string }): Promise<void> {
  const key = { tenantId: caller.tenantId, name: params.tenantSecret };
  await retryOnConflict(async () => {
    const before = await getTenantSecret(deps.table, key);
    if (before === undefined) throw new AppError("not_found", `there is no secret ${key.name}`);
    if (before.removedAtMs !== undefined) return;
    const next = { ...before, version: before.version + 1, removedAtMs: deps.nowMs() };
    await commit(deps.table, [
      replaceTenantSecret(before, next),
      trail(deps, caller, "remove-tenant-secret", before, next),
    ]);
  });
  await deps.runSecrets.remove(resourceNames(deps.stage).tenantSecret(key));
}

function view(state: TenantSecretState): TenantSecretView {
  const { name, secretVersion, changedAtMs, changedBy } = state;
  return { name, version: secretVersion, changedAt: new Date(changedAtMs).toISOString(), changedBy };
}

function trail(
  deps: Deps,
  caller: Caller,
  what: string,
  before: TenantSecretState | undefined,
  after: TenantSecretState,
) {
  return audited(deps.nowMs(), {
    tenantId: caller.tenantId,
    who: caller.principal.id,
    what,
    record: `tenant-secret/${after.name}`,
    before,
    after,
    requestId: caller.requestId,
  });
}
