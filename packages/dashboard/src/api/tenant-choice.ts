/**
 * The tenant that calls are about: a `Steward-Tenant` header. It comes from the address (`?tenant=`), so that a link says
 * whose page it is; the shell sets it before a page loads.
 */
let chosen: string | undefined;

export function tenantOfCalls(): string | undefined {
  return chosen;
}

export function callForTenant(tenantId: string | undefined): void {
  chosen = tenantId;
}
