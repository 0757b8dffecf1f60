import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const topologyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/topology",
  component: lazyRouteComponent(() => import("./topology-page.tsx"), "TopologyPage"),
});

export const topologyRoutes = [topologyRoute];
