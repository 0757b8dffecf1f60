import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

export interface SecretsSearch {
  /** The form that gives one a value: its name, or an empty text for a new one. */
  set?: string;
}

const secretsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/secrets",
  validateSearch: (search: Record<string, unknown>): SecretsSearch =>
    typeof search["set"] === "string" ? { set: search["set"].slice(0, 40) } : {},
  component: lazyRouteComponent(() => import("./secrets-page.tsx"), "SecretsPage"),
});

export const secretsRoutes = [secretsRoute];
