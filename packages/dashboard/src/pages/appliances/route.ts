import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";
import { applianceSearch, appliancesSearch } from "./search.ts";

const appliancesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/appliances",
  validateSearch: appliancesSearch,
  component: lazyRouteComponent(() => import("./appliances-page.tsx"), "AppliancesPage"),
});
const applianceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/appliances/$nodeId",
  validateSearch: applianceSearch,
  component: lazyRouteComponent(() => import("./appliance-page.tsx"), "AppliancePage"),
});

export const appliancesRoutes = [appliancesRoute, applianceRoute];
