import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const flowRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/flow",
  component: lazyRouteComponent(() => import("./flow-page.tsx"), "FlowPage"),
});

export const flowRoutes = [flowRoute];
