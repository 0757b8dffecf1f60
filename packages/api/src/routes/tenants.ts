import { tenantRoutes as routes } from "@steward/contracts/routes/tenants";
import { listTenants } from "@steward/control/tenants";
import { bind } from "../bind.ts";

export const tenantBindings = [bind(routes.listTenants, (deps, { caller }) => listTenants(deps, caller.principal))];
