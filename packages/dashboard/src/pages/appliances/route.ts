import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const appliancesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/appliances",
  component: lazyRouteComponent(() => import("./appliances-page.tsx"), "AppliancesPage"),
});
const applianceRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/appliances/$nodeId",
  component: lazyRouteComponent(() => import("./appliance-page.tsx"), "AppliancePage"),
});

export const appliancesRoutes = [appliancesRoute, applianceRoute];
