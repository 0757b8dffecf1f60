import { principalRoutes } from "@steward/contracts/routes/principals";
import { tenantRoutes } from "@steward/contracts/routes/tenants";
import { hasRole, type Role, roleIn, type RoleGrant } from "@steward/contracts/roles";
import type { TenantView } from "@steward/contracts/tenant";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { callAsSelf } from "../api/caller.ts";
import { nextPollMs } from "../api/polling.ts";
import { defaultTenant } from "./default-tenant.ts";

/** Who looks, and at which tenant. Roles decide what is shown; the API decides what is allowed. */
export interface Me {
  principal: { kind: "person" | "token"; id: string; name: string; grants: RoleGrant[] };
  /** The tenant of this page. Absent: a person of the provider's staff who looks at all of them. */
  tenantId: string | undefined;
  tenant: TenantView | undefined;
  tenants: TenantView[];
  /** In this page's tenant; where none is chosen, what holds in each. */
  role: Role | undefined;
  may: (role: Role) => boolean;
  /** A grant on every tenant: the provider's staff. */
  isStaff: boolean;
  mayStaff: (role: Role) => boolean;
  chooseTenant: (tenantId: string | undefined) => void;
}

/** Who is signed in, and the tenants that they may see. The shell shows pages only when the first is known. */
export function useMeQuery() {
  const who = useQuery({
    queryKey: [principalRoutes.whoAmI.id],
    queryFn: ({ signal }) => callAsSelf(principalRoutes.whoAmI, { signal }),
    refetchInterval: ({ state }) => nextPollMs("background", state.fetchFailureCount, state.error) ?? false,
  });
  const tenants = useQuery({
    queryKey: [tenantRoutes.listTenants.id, "mine"],
    queryFn: ({ signal }) => allTenants(signal),
    refetchInterval: ({ state }) => nextPollMs("background", state.fetchFailureCount, state.error) ?? false,
  });
  return { who, tenants };
}

async function allTenants(signal: AbortSignal): Promise<TenantView[]> {
  const all: TenantView[] = [];
  let cursor: string | undefined;
  do {
    const more = cursor === undefined ? {} : { cursor };
    const page = await callAsSelf(tenantRoutes.listTenants, { query: { limit: 200, ...more }, signal });
    all.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all;
}

const none: TenantView[] = [];

export function useMe(): Me {
  const { who, tenants: listed } = useMeQuery();
  const tenants = listed.data ?? none;
  const search = useSearch({ strict: false }) as { tenant?: string };
  const navigate = useNavigate();
  const principal = who.data;
  if (principal === undefined) throw new Error("useMe is for pages, which the shell shows to who is known");
  const { grants } = principal;
  const tenantId = search.tenant ?? defaultTenant(grants);
  return useMemo(() => {
    const staffRole = roleIn(
      grants.filter(({ tenant }) => tenant === "*"),
      "*",
    );
    const role = tenantId === undefined ? staffRole : roleIn(grants, tenantId);
    return {
      principal,
      tenantId,
      tenant: tenants.find(({ id }) => id === tenantId),
      tenants,
      role,
      may: (atLeast) => role !== undefined && hasRole(role, atLeast),
      isStaff: staffRole !== undefined,
      mayStaff: (atLeast) => staffRole !== undefined && hasRole(staffRole, atLeast),
      chooseTenant: (chosen) =>
        void navigate({ to: ".", search: (before: object) => ({ ...before, tenant: chosen }) as never }),
    };
  }, [principal, grants, tenantId, tenants, navigate]);
}
