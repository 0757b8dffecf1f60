import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const freezesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/freezes",
  component: lazyRouteComponent(() => import("./freezes-page.tsx"), "FreezesPage"),
});

export const freezesRoutes = [freezesRoute];
