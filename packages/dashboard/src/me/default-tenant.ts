import type { RoleGrant } from "@steward/contracts/roles";

/**
 * The tenant that is looked at where the address names none: the first that somebody has a grant in. The provider's staff
 * looks at all of them.
 */
export function defaultTenant(grants: readonly RoleGrant[]): string | undefined {
  if (grants.some(({ tenant }) => tenant === "*")) return undefined;
  return grants[0]?.tenant;
}
