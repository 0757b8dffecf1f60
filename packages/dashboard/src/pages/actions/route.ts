import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const actionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/actions",
  component: lazyRouteComponent(() => import("./actions-page.tsx"), "ActionsPage"),
});
const actionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/actions/$actionId",
  component: lazyRouteComponent(() => import("./action-page.tsx"), "ActionPage"),
});

export const actionsRoutes = [actionsRoute, actionRoute];
