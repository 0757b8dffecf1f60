import { listTenants as listTenantRecords } from "@steward/aws/records/tenant";
import { roleIn } from "@steward/contracts/roles";
import type { TenantView } from "@steward/contracts/tenant";
import type { TenantState } from "@steward/core/tenant/tenant-state";
import type { Context, Principal } from "./context.ts";

/** The tenants that somebody may see. */
export async function listTenants(
  deps: Pick<Context, "table">,
  principal: Principal,
): Promise<{ items: TenantView[] }> {
  const tenants = await listTenantRecords(deps.table);
  return { items: tenants.filter((tenant) => roleIn(principal.grants, tenant.tenantId) !== undefined).map(tenantView) };
}

export function tenantView(tenant: TenantState): TenantView {
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
