import { tenantLimits } from "@steward/contracts/defaults";
import type { TenantLimits } from "@steward/contracts/tenant";
import type { TenantState } from "./tenant-state.ts";

/** What a tenant may use: what is set for it, and the installation's defaults. */
export function limitsOf(tenant: Pick<TenantState, "limits">): TenantLimits {
  return { ...tenantLimits, ...tenant.limits };
}

/** Whether anything but looking is possible in it. Everything that acts for a tenant asks this of the state as it is now. */
export function mayAct(tenant: Pick<TenantState, "status"> | undefined): boolean {
  return tenant?.status === "active";
}
