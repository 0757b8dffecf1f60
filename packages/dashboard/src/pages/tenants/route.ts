import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const tenantsTabs = ["tenants", "asked"] as const;
export type TenantsTab = (typeof tenantsTabs)[number];

interface TenantsSearch {
  tab?: TenantsTab;
}

const tenantsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tenants",
  validateSearch: (search: Record<string, unknown>): TenantsSearch => {
    const tab = tenantsTabs.find((one) => one === search["tab"]);
    return tab === undefined ? {} : { tab };
  },
  component: lazyRouteComponent(() => import("./tenants-page.tsx"), "TenantsPage"),
});
const tenantRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tenants/$tenantId",
  component: lazyRouteComponent(() => import("./tenant-page.tsx"), "TenantPage"),
});

export const tenantsRoutes = [tenantsRoute, tenantRoute];
