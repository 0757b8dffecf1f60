import { getPolicy } from "@steward/aws/records/policy";
import { noPolicy, type TenantPolicy } from "@steward/contracts/tenant-policy";
import type { Context } from "./context.ts";

/** What the tenant forbids, and what it asks of a change, as it is now. Fails closed: an unreadable policy is a fault. */
export async function policyOf(deps: Pick<Context, "table">, tenantId: string): Promise<TenantPolicy> {
  return (await getPolicy(deps.table, tenantId))?.policy ?? noPolicy;
}
