import { hasRole, type Role, type RoleGrant, roleIn } from "@steward/contracts/roles";
import type { PersonState, TokenState } from "../tenant/tenant-state.ts";

/** The provider's staff: an admin of everything. */
export function isStaffAdmin(grants: readonly RoleGrant[]): boolean {
  return grants.some((grant) => grant.tenant === "*" && grant.role === "admin");
}

/** Whether somebody with `has` has each of `wanted` too: then it is theirs to give. */
export function covers(has: readonly RoleGrant[], wanted: readonly RoleGrant[]): boolean {
  return wanted.every(({ tenant, role }) => {
    const own = tenant === "*" ? roleIn(has, "*") : roleIn(has, tenant);
    return own !== undefined && hasRole(own, role);
  });
}

/** What a person may do now; nothing while disabled. */
export function grantsOf(person: PersonState | undefined): RoleGrant[] {
  if (person === undefined || person.disabledAtMs !== undefined) return [];
  const { disabledIn = [] } = person;
  return person.grants.filter((grant) => !disabledIn.includes(grant.tenant));
}

/** Whether a person may sign in at all. One without any role may, and is told so; one who was disabled may not. */
export function maySignIn(person: PersonState): boolean {
  return person.disabledAtMs === undefined && ((person.disabledIn ?? []).length === 0 || grantsOf(person).length > 0);
}

/** What is left of grants in a session that is good for one tenant: never `*`, never another one. */
export function limitedTo(grants: readonly RoleGrant[], tenantId: string | undefined): RoleGrant[] {
  return tenantId === undefined ? [...grants] : grants.filter((grant) => grant.tenant === tenantId);
}

/**
 * What a service token may do now: what it was made for, as far as its maker may do that too. Nothing once it is
 * revoked or has ended, or its maker is gone. Never `approver`: an approval is a person's word.
 */
export function tokenGrantsOf(token: TokenState, maker: PersonState | undefined, nowMs: number): RoleGrant[] {
  if (token.revokedAtMs !== undefined || token.expiresAtMs <= nowMs) return [];
  return intersect(token.grants, grantsOf(maker));
}

/** The grants that both have, the lower role of each; at most one for a tenant. */
export function intersect(own: readonly RoleGrant[], makers: readonly RoleGrant[]): RoleGrant[] {
  const best = new Map<string, Role>();
  for (const mine of own) {
    for (const theirs of makers) {
      const tenant = mine.tenant === theirs.tenant || theirs.tenant === "*" ? mine.tenant : theirs.tenant;
      if (mine.tenant !== theirs.tenant && mine.tenant !== "*" && theirs.tenant !== "*") continue;
      const lower = hasRole(mine.role, theirs.role) ? theirs.role : mine.role;
      const role = lower === "approver" ? "operator" : lower;
      const known = best.get(tenant);
      if (known === undefined || hasRole(role, known)) best.set(tenant, role);
    }
  }
  return [...best].map(([tenant, role]) => ({ tenant, role }));
}

/** Through whose eyes: an admin of a tenant, or the provider's staff acting in it. */
export interface Viewer {
  tenantId: string;
  isStaff: boolean;
}

/** The grants that an admin sees and may change: those of the own tenant; for the provider's staff, all. */
export function visibleGrants(grants: readonly RoleGrant[], { tenantId, isStaff }: Viewer): RoleGrant[] {
  return isStaff ? [...grants] : grants.filter((grant) => grant.tenant === tenantId);
}

/** The person's grants once those that the viewer sees are replaced by `wanted`. */
export function withVisibleGrants(
  grants: readonly RoleGrant[],
  wanted: readonly RoleGrant[],
  viewer: Viewer,
): RoleGrant[] {
  const seen = visibleGrants(grants, viewer);
  return [...grants.filter((grant) => !seen.includes(grant)), ...wanted];
}

/** Grants in `after` that are not in `before`, or were lower there: what somebody is being given. */
export function raisedGrants(before: readonly RoleGrant[], after: readonly RoleGrant[]): RoleGrant[] {
  return after.filter((grant) => {
    const earlier = before.find((one) => one.tenant === grant.tenant);
    return earlier === undefined || !hasRole(earlier.role, grant.role);
  });
}
