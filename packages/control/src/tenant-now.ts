import { getTenant } from "@steward/aws/records/tenant";
import { AppError } from "@steward/contracts/errors";
import type { TenantStatus } from "@steward/contracts/tenant";
import type { Context, Principal } from "./context.ts";

/** How long an instance may remember what a tenant's status was. */
const freshMs = 5_000;
const maxKnown = 1_000;

/**
 * Makes the function that answers what a tenant's status is, at most 5 s old: one read of a tenant in 5 s, however many
 * calls change something for it. What is not there is never remembered. Fails closed: an unreadable tenant is a fault.
 */
export function createTenantReader(
  deps: Pick<Context, "table" | "nowMs">,
): (tenantId: string) => Promise<TenantStatus | undefined> {
  const known = new Map<string, { status: TenantStatus; untilMs: number }>();
  return async (tenantId) => {
    const nowMs = deps.nowMs();
    const remembered = known.get(tenantId);
    if (remembered !== undefined && remembered.untilMs > nowMs) return remembered.status;
    const status = (await getTenant(deps.table, tenantId))?.status;
    if (status === undefined) known.delete(tenantId);
    else {
      if (known.size >= maxKnown) known.clear();
      known.set(tenantId, { status, untilMs: nowMs + freshMs });
    }
    return status;
  };
}

/**
 * Lets a change in a tenant pass, or throws: `tenant_suspended` for its people while it is suspended or to be deleted, and
 * `not_found` for everybody once it is being removed: whatever were made there now would be left behind. The provider's
 * staff may tidy up in a suspended tenant; that nothing is planned, sent or started there is the gate's to say.
 */
export function requireChangeable(
  status: TenantStatus | undefined,
  { tenantId, principal }: { tenantId: string; principal: Principal },
): void {
  switch (status) {
    case "active":
      return;
    case "suspended":
    case "deleting":
      if (principal.grants.some((grant) => grant.tenant === "*")) return;
      throw suspended(status);
    case "purging":
    case "purged":
    case undefined:
      throw new AppError("not_found", `there is no tenant ${tenantId}`);
    default:
      status satisfies never;
  }
}

/** For what must not happen in a tenant that is not active, whoever asks: as it is in the table now. */
export async function requireActive(deps: Pick<Context, "table">, tenantId: string): Promise<void> {
  const tenant = await getTenant(deps.table, tenantId);
  if (tenant?.status === "active") return;
  throw suspended(tenant?.status ?? "purged");
}

function suspended(status: Exclude<TenantStatus, "active">): AppError {
  const why = status === "suspended" ? "is suspended" : status === "deleting" ? "is to be deleted" : "has been deleted";
  return new AppError("tenant_suspended", `this tenant ${why}: nothing is changed, planned or started in it`, {
    next: "Everything can still be looked at. Ask your provider.",
  });
}
