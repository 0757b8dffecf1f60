import { z } from "zod";
import { tenantIdSchema } from "./ids.ts";

/** Roles in order: each may do what those before it may. */
export const roles = ["viewer", "operator", "approver", "admin"] as const;
export type Role = (typeof roles)[number];

export function hasRole(role: Role, atLeast: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(atLeast);
}

/** What a person may do where. `*` is the provider's staff: every tenant. */
export const grantSchema = z.strictObject({ tenant: z.union([tenantIdSchema, z.literal("*")]), role: z.enum(roles) });
export type RoleGrant = z.infer<typeof grantSchema>;

/** The highest role that these grants give in a tenant, or none. */
export function roleIn(grants: readonly RoleGrant[], tenantId: string): Role | undefined {
  let best: Role | undefined;
  for (const grant of grants) {
    if (grant.tenant !== tenantId && grant.tenant !== "*") continue;
    if (best === undefined || hasRole(grant.role, best)) best = grant.role;
  }
  return best;
}
