import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const tenantsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tenants",
  component: lazyRouteComponent(() => import("./tenants-page.tsx"), "TenantsPage"),
});
const tenantRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tenants/$tenantId",
  component: lazyRouteComponent(() => import("./tenant-page.tsx"), "TenantPage"),
});

export const tenantsRoutes = [tenantsRoute, tenantRoute];
