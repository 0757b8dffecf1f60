import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const askRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/ask",
  component: lazyRouteComponent(() => import("./ask-page.tsx"), "AskPage"),
});

export const askRoutes = [askRoute];
