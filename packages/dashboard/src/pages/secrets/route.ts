import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const secretsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/secrets",
  component: lazyRouteComponent(() => import("./secrets-page.tsx"), "SecretsPage"),
});

export const secretsRoutes = [secretsRoute];
