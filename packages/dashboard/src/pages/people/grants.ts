import { hasRole, type Role, type RoleGrant } from "@steward/contracts/roles";

/** What each role may do, in the words of who gives it. */
export const roleMeanings: Record<Role, string> = {
  viewer: "looks at everything, and asks questions",
  operator: "also asks for changes, and approves those of low risk",
  approver: "also approves what others ask for, of any risk",
  admin: "also invites people, sets the rules, and adds or removes machines",
};

export const everywhere = "*";

/** `admin of Jones & Sons`, `viewer everywhere`. `nameOf` makes a name harmless, if it is somebody's words. */
export function grantText({ tenant, role }: RoleGrant, nameOf: (tenantId: string) => string): string {
  return tenant === everywhere ? `${role} everywhere` : `${role} of ${nameOf(tenant)}`;
}

export interface GrantChange {
  tenant: string;
  from?: Role;
  to?: Role;
  /** Somebody may do more than before. */
  raises: boolean;
}

/** What differs, in the order of the new grants; what was taken away comes last. */
export function grantChanges(before: readonly RoleGrant[], after: readonly RoleGrant[]): GrantChange[] {
  const had = new Map(before.map(({ tenant, role }) => [tenant, role]));
  const has = new Set(after.map(({ tenant }) => tenant));
  const given = after.flatMap(({ tenant, role }): GrantChange[] => {
    const from = had.get(tenant);
    if (from === role) return [];
    if (from === undefined) return [{ tenant, to: role, raises: true }];
    return [{ tenant, from, to: role, raises: !hasRole(from, role) }];
  });
  const taken = before
    .filter(({ tenant }) => !has.has(tenant))
    .map(({ tenant, role }): GrantChange => ({ tenant, from: role, raises: false }));
  return [...given, ...taken];
}

export function changeText({ tenant, from, to }: GrantChange, nameOf: (tenantId: string) => string): string {
  const where = tenant === everywhere ? "everywhere" : `in ${nameOf(tenant)}`;
  if (to === undefined) return `no role ${where} any more (was ${from})`;
  return from === undefined ? `${to} ${where}` : `${to} ${where} (was ${from})`;
}

/** The roles that somebody with this one may give: nobody gives more than he has. */
export function givable<R extends Role>(all: readonly R[], own: Role | undefined): R[] {
  return own === undefined ? [] : all.filter((role) => hasRole(own, role));
}
