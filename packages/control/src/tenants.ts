import { gateChanged } from "@steward/aws/records/gate-epoch";
import {
  createTenant as createTenantRecord,
  getTenant as getTenantRecord,
  listTenants as listTenantRecords,
  pageOfTenants,
  replaceTenant,
} from "@steward/aws/records/tenant";
import { commit, type Page } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { defaults, deletionGraceDays, tenantLimits } from "@steward/contracts/defaults";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { roleIn } from "@steward/contracts/roles";
import type { setTenantLimitsSchema, TenantDetails, TenantLimits, TenantView } from "@steward/contracts/tenant";
import { reduceTenant, type TenantEvent } from "@steward/core/tenant/reduce-tenant";
import { limitsOf } from "@steward/core/tenant/tenant-now";
import type { TenantState } from "@steward/core/tenant/tenant-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context, Principal, Repeatable } from "./context.ts";
import { wakeRollouts } from "./freeze.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "table" | "queues" | "nowMs" | "log">;
interface Params {
  tenantId: string;
}

/** The tenants that somebody may see, by id. Whoever has grants in a few reads those few. */
export async function listTenants(
  deps: Pick<Context, "table">,
  principal: Principal,
  query: { limit: number; after?: string | undefined },
): Promise<Page<TenantView>> {
  const { limit, after = "" } = query;
  if (roleIn(principal.grants, "*") !== undefined) {
    const page = await pageOfTenants(deps.table, { limit, ...(after === "" ? {} : { after }) });
    return { ...page, items: page.items.map(tenantView) };
  }
  const ids = [...new Set(principal.grants.map(({ tenant }) => tenant))].filter((id) => id > after).toSorted();
  const shown = ids.slice(0, limit);
  const found = await Promise.all(shown.map((tenantId) => getTenantRecord(deps.table, tenantId)));
  const last = shown.at(-1);
  return {
    items: found.flatMap((tenant) => (tenant === undefined || tenant.status === "purged" ? [] : [tenantView(tenant)])),
    ...(ids.length > shown.length && last !== undefined ? { after: last } : {}),
  };
}

/** Another's tenant and one that is not there are the same `not_found`. */
export async function getTenant(
  deps: Pick<Context, "table">,
  principal: Principal,
  { tenantId }: Params,
): Promise<TenantDetails> {
  const tenant = roleIn(principal.grants, tenantId) === undefined ? undefined : await load(deps, tenantId);
  if (tenant === undefined) throw noSuchTenant(tenantId);
  return tenantDetails(tenant);
}

/**
 * A new tenant, without anybody in it. Names are what people tell tenants apart by, so none is given twice; two requests
 * in the same moment may still both get it (the list trails), and either can be renamed.
 */
export async function createTenant(
  deps: Deps,
  caller: Caller,
  body: { name: string },
  repeatable?: Repeatable,
): Promise<TenantDetails> {
  const nowMs = deps.nowMs();
  const tenantId = repeatable?.idOf("tenant") ?? newId("tenant", nowMs);
  const made = repeatable?.begunBefore === true ? await load(deps, tenantId) : undefined;
  if (made !== undefined) return tenantDetails(made);
  await requireFreeName(deps, body.name, tenantId);
  const tenant: TenantState = {
    v: 1,
    version: 1,
    tenantId,
    name: body.name,
    createdAtMs: nowMs,
    heartbeatIntervalSeconds: defaults.heartbeatIntervalSeconds,
    status: "active",
  };
  try {
    await commit(deps.table, [createTenantRecord(tenant), audit(nowMs, caller, "create-tenant", undefined, tenant)]);
  } catch (error) {
    // An earlier try of this request made it, and was killed before it could say so.
    const earlier = hasCode(error, "conflict") ? await load(deps, tenantId) : undefined;
    if (earlier === undefined) throw error;
    return tenantDetails(earlier);
  }
  return tenantDetails(tenant);
}

export async function renameTenant(
  deps: Deps,
  caller: Caller,
  params: Params,
  { name }: { name: string },
): Promise<TenantDetails> {
  await requireFreeName(deps, name, params.tenantId);
  return change(deps, caller, params, { type: "rename", name }, "rename-tenant");
}

/** What is left out, or null, is the installation's default again. */
export function setTenantLimits(
  deps: Deps,
  caller: Caller,
  params: Params,
  body: z.infer<typeof setTenantLimitsSchema>,
): Promise<TenantDetails> {
  const names = Object.keys(tenantLimits) as (keyof TenantLimits)[];
  const limits: Partial<TenantLimits> = {};
  for (const name of names) {
    const value = body[name];
    if (value !== undefined && value !== null) limits[name] = value;
  }
  return change(deps, caller, params, { type: "set_limits", limits }, "set-tenant-limits");
}

export function suspendTenant(deps: Deps, caller: Caller, params: Params, body: { reason: string }) {
  return change(deps, caller, params, { type: "suspend", reason: body.reason }, "suspend-tenant");
}

/** What waited goes on at once. */
export function resumeTenant(deps: Deps, caller: Caller, params: Params) {
  return change(deps, caller, params, { type: "resume" }, "resume-tenant");
}

export function deleteTenant(deps: Deps, caller: Caller, params: Params, query: { graceDays?: number | undefined }) {
  const graceDays = query.graceDays ?? deletionGraceDays;
  return change(deps, caller, params, { type: "delete", graceDays }, "delete-tenant");
}

export function restoreTenant(deps: Deps, caller: Caller, params: Params) {
  return change(deps, caller, params, { type: "restore" }, "restore-tenant");
}

async function change(
  deps: Deps,
  caller: Caller,
  { tenantId }: Params,
  event: TenantEvent,
  what: string,
): Promise<TenantDetails> {
  return actFor(tenantId, () => changeIn(deps, caller, { tenantId }, event, what));
}

async function changeIn(
  deps: Deps,
  caller: Caller,
  { tenantId }: Params,
  event: TenantEvent,
  what: string,
): Promise<TenantDetails> {
  const { before, after } = await retryOnConflict(async () => {
    const tenant = await load(deps, tenantId);
    if (tenant === undefined) throw noSuchTenant(tenantId);
    const nowMs = deps.nowMs();
    const next = reduceTenant(tenant, event, nowMs);
    if (next !== tenant) {
      await commit(deps.table, [
        replaceTenant(tenant, next),
        ...(next.status === tenant.status ? [] : gateChanged(tenantId)),
        audit(nowMs, caller, what, tenant, next),
      ]);
    }
    return { before: tenant, after: next };
  });
  if (before.status !== "active" && after.status === "active") await wakeRollouts(deps, tenantId);
  return tenantDetails(after);
}

/** What was purged is not there for anybody. */
async function load(deps: Pick<Context, "table">, tenantId: string): Promise<TenantState | undefined> {
  const tenant = await getTenantRecord(deps.table, tenantId);
  return tenant?.status === "purged" ? undefined : tenant;
}

async function requireFreeName(deps: Pick<Context, "table">, name: string, tenantId: string): Promise<void> {
  const wanted = name.toLowerCase();
  const other = (await listTenantRecords(deps.table)).find(
    (one) => one.tenantId !== tenantId && one.name.toLowerCase() === wanted,
  );
  if (other === undefined) return;
  throw new AppError("unprocessable", `there is a tenant named ${other.name} already: ${other.tenantId}`, {
    fields: [{ path: "name", message: "is taken" }],
  });
}

function noSuchTenant(tenantId: string): AppError {
  return new AppError("not_found", `there is no tenant ${tenantId} that you may see`, {
    next: "GET /api/v1/tenants lists those that you may.",
  });
}

/** In the tenant's own trail: whoever it is about may read who did it. */
function audit(nowMs: number, caller: Caller, what: string, before: TenantState | undefined, after: TenantState) {
  return audited(nowMs, {
    tenantId: after.tenantId,
    who: caller.principal.id,
    what,
    record: after.tenantId,
    before,
    after,
    requestId: caller.requestId,
  });
}

function tenantView(tenant: TenantState): TenantView {
  const at = (ms: number) => new Date(ms).toISOString();
  return {
    id: tenant.tenantId,
    name: tenant.name,
    createdAt: at(tenant.createdAtMs),
    status: tenant.status,
    ...(tenant.suspendedAtMs === undefined ? {} : { suspendedAt: at(tenant.suspendedAtMs) }),
    ...(tenant.suspendedReason === undefined ? {} : { suspendedReason: tenant.suspendedReason }),
    ...(tenant.deleteAfterMs === undefined ? {} : { deleteAfter: at(tenant.deleteAfterMs) }),
  };
}

function tenantDetails(tenant: TenantState): TenantDetails {
  return {
    ...tenantView(tenant),
    limits: limitsOf(tenant),
    ownLimits: Object.keys(tenant.limits ?? {}) as (keyof TenantLimits)[],
  };
}
