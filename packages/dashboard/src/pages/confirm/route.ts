import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const confirmRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/confirm",
  component: lazyRouteComponent(() => import("./confirm-page.tsx"), "ConfirmPage"),
});

export const confirmRoutes = [confirmRoute];
