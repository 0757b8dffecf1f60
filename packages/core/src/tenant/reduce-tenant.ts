import { maxDeletionGraceDays, tenantLimits } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { TenantLimits, TenantStatus } from "@steward/contracts/tenant";
import { checkTransition, type Transitions } from "../reducing.ts";
import type { PurgePlace, TenantState } from "./tenant-state.ts";

export type TenantEvent =
  | { type: "rename"; name: string }
  | { type: "set_limits"; limits: Partial<TenantLimits> }
  | { type: "suspend"; reason: string }
  | { type: "resume" }
  | { type: "delete"; graceDays: number }
  | { type: "restore" }
  /** The grace period is over. */
  | { type: "begin_purge" }
  /** So far has a pass looked; `place` undefined: to the end. */
  | { type: "purge_step"; place: PurgePlace | undefined; found: number; removed: number };

/**
 * What may follow on what. `purging` has no way back: records are missing from then on. A suspension and a deletion can
 * both stand; whoever takes the deletion back finds the suspension as it was.
 */
const transitions: Transitions<TenantStatus, TenantEvent["type"]> = {
  active: { rename: ["active"], set_limits: ["active"], suspend: ["suspended"], delete: ["deleting"] },
  suspended: {
    rename: ["suspended"],
    set_limits: ["suspended"],
    suspend: ["suspended"],
    resume: ["active"],
    delete: ["deleting"],
  },
  deleting: {
    rename: ["deleting"],
    set_limits: ["deleting"],
    delete: ["deleting"],
    restore: ["active", "suspended"],
    begin_purge: ["purging"],
  },
  purging: { purge_step: ["purging", "purged"] },
  purged: {},
};

const dayMs = 86_400_000;
/**
 * The last pass of a purge begins no earlier than this after its start. By then whatever was under way has come to its
 * end: a function (2 minutes), what an instance of the API remembers (5 s), an address to upload to (5 minutes).
 */
export const purgeSettlesMs = 3_600_000;

/**
 * The tenant after an event. What changes nothing gives the very same state. Throws `invalid_transition` with a sentence
 * for who asked, `unprocessable` for what the provider's own tenant never is.
 */
export function reduceTenant(tenant: TenantState, event: TenantEvent, nowMs: number): TenantState {
  const { status } = tenant;
  const isProvider = tenant.tenantId === providerTenantId;
  if (isProvider && ["suspend", "delete", "begin_purge", "purge_step"].includes(event.type)) {
    throw new AppError("unprocessable", "the provider's own tenant runs the workers of all: it stays", {
      next: "Freeze it instead: steward freeze.",
    });
  }
  const next = apply(tenant, event, nowMs);
  checkTransition(transitions, {
    from: status,
    event: event.type,
    to: next.status,
    sentence: `the tenant is ${status}: it cannot be ${past[event.type]}`,
  });
  return next === tenant ? tenant : { ...next, version: tenant.version + 1 };
}

const past: Record<TenantEvent["type"], string> = {
  rename: "renamed",
  set_limits: "given other limits",
  suspend: "suspended",
  resume: "resumed",
  delete: "deleted",
  restore: "restored",
  begin_purge: "purged",
  purge_step: "purged",
};

function apply(tenant: TenantState, event: TenantEvent, nowMs: number): TenantState {
  switch (event.type) {
    case "rename":
      return tenant.name === event.name ? tenant : { ...tenant, name: event.name };
    case "set_limits":
      return sameLimits(tenant.limits ?? {}, event.limits) ? tenant : withLimits(tenant, event.limits);
    case "suspend":
      if (tenant.status === "suspended" && tenant.suspendedReason === event.reason) return tenant;
      return {
        ...tenant,
        status: tenant.status === "active" ? "suspended" : tenant.status,
        suspendedAtMs: tenant.suspendedAtMs ?? nowMs,
        suspendedReason: event.reason,
      };
    case "resume": {
      const { suspendedAtMs: _at, suspendedReason: _reason, ...rest } = tenant;
      return { ...rest, status: "active" };
    }
    case "delete":
      return toDelete(tenant, event.graceDays, nowMs);
    case "restore": {
      const { deletingAtMs: _at, deleteAfterMs: _after, ...rest } = tenant;
      return { ...rest, status: tenant.suspendedAtMs === undefined ? "active" : "suspended" };
    }
    case "begin_purge":
      // The way back is open to its very end, also for a clock that runs ahead of the one that promised it.
      if (tenant.status !== "deleting") return { ...tenant, status: "purging" };
      if (nowMs < (tenant.deleteAfterMs ?? Number.POSITIVE_INFINITY)) {
        throw new AppError("invalid_transition", "the grace period of the tenant's deletion is not over");
      }
      return {
        ...tenant,
        status: "purging",
        purge: { startedAtMs: nowMs, pass: { startedAtMs: nowMs, found: 0 }, removed: 0 },
      };
    case "purge_step":
      return stepOn(tenant, event, nowMs);
    default:
      return event satisfies never;
  }
}

function toDelete(tenant: TenantState, graceDays: number, nowMs: number): TenantState {
  if (!Number.isInteger(graceDays) || graceDays < 0 || graceDays > maxDeletionGraceDays) {
    throw new AppError("unprocessable", `a grace period has 0 to ${maxDeletionGraceDays} days`);
  }
  // From the first request on: asked for again, it does not begin anew.
  const deletingAtMs = tenant.deletingAtMs ?? nowMs;
  const deleteAfterMs = deletingAtMs + graceDays * dayMs;
  if (tenant.status === "deleting" && tenant.deleteAfterMs === deleteAfterMs) return tenant;
  return { ...tenant, status: "deleting", deletingAtMs, deleteAfterMs };
}

function stepOn(tenant: TenantState, event: Extract<TenantEvent, { type: "purge_step" }>, nowMs: number): TenantState {
  const { purge } = tenant;
  if (purge === undefined) return { ...tenant, status: "purged" };
  const found = purge.pass.found + event.found;
  const removed = purge.removed + event.removed;
  if (event.place !== undefined) {
    return { ...tenant, purge: { ...purge, pass: { ...purge.pass, after: event.place, found }, removed } };
  }
  const settledAtMs = purge.startedAtMs + purgeSettlesMs;
  if (found === 0 && purge.pass.startedAtMs >= settledAtMs) return tombstoneOf(tenant, nowMs);
  // Another one before everything has settled would find nothing that the one after it does not find as well.
  const startedAtMs = Math.max(nowMs, settledAtMs);
  return { ...tenant, purge: { ...purge, pass: { startedAtMs, found: 0 }, removed } };
}

/** The id, so that nobody gets it again, and when it was. Nothing that a person has written. */
function tombstoneOf(tenant: TenantState, nowMs: number): TenantState {
  const { v, version, tenantId, createdAtMs, heartbeatIntervalSeconds, purge } = tenant;
  return {
    v,
    version,
    tenantId,
    name: "",
    createdAtMs,
    heartbeatIntervalSeconds,
    status: "purged",
    purge: {
      startedAtMs: purge?.startedAtMs ?? nowMs,
      pass: { startedAtMs: nowMs, found: 0 },
      removed: purge?.removed ?? 0,
    },
  };
}

function withLimits({ limits: _before, ...tenant }: TenantState, limits: Partial<TenantLimits>): TenantState {
  return Object.keys(limits).length === 0 ? tenant : { ...tenant, limits };
}

function sameLimits(a: Partial<TenantLimits>, b: Partial<TenantLimits>): boolean {
  const names = Object.keys(tenantLimits) as (keyof TenantLimits)[];
  return names.every((name) => a[name] === b[name]);
}
