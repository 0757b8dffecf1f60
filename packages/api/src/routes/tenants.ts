import { tenantRoutes as routes } from "@steward/contracts/routes/tenants";
import { exportTenant } from "@steward/control/export-tenant";
import * as tenants from "@steward/control/tenants";
import { bind } from "../bind.ts";

export const tenantBindings = [
  bind(routes.listTenants, async (deps, { caller, query, paging }) => {
    const { after, next } = await paging();
    const page = await tenants.listTenants(deps, caller.principal, { limit: query.limit, after });
    return { items: page.items, ...next(page.after) };
  }),
  bind(routes.getTenant, (deps, { caller, params }) => tenants.getTenant(deps, caller.principal, params)),
  bind(routes.createTenant, (deps, { caller, body, repeatable }) =>
    tenants.createTenant(deps, caller, body, repeatable),
  ),
  bind(routes.renameTenant, (deps, { caller, params, body }) => tenants.renameTenant(deps, caller, params, body)),
  bind(routes.setTenantLimits, (deps, { caller, params, body }) => tenants.setTenantLimits(deps, caller, params, body)),
  bind(routes.suspendTenant, (deps, { caller, params, body }) => tenants.suspendTenant(deps, caller, params, body)),
  bind(routes.resumeTenant, (deps, { caller, params }) => tenants.resumeTenant(deps, caller, params)),
  bind(routes.deleteTenant, (deps, { caller, params, query }) => tenants.deleteTenant(deps, caller, params, query)),
  bind(routes.restoreTenant, (deps, { caller, params }) => tenants.restoreTenant(deps, caller, params)),
  bind(routes.exportTenant, async (deps, { caller, params, query, paging }) => {
    const { after, next } = await paging();
    const page = await exportTenant(deps, caller.principal, params, { limit: query.limit, after });
    return { items: page.items, ...next(page.after) };
  }),
];
