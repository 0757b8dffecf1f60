import { alertKinds, alertStatuses, severities } from "@steward/contracts/alert";
import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";
import type { AlertsSearch } from "./alerts-search.ts";

const alertsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/alerts",
  validateSearch: (search: Record<string, unknown>): AlertsSearch => ({
    ...chosen("status", search, alertStatuses),
    ...chosen("severity", search, severities),
    ...chosen("about", search, alertKinds),
    ...text("node", search),
    ...text("alert", search),
    ...text("of", search),
    ...text("q", search),
    ...text("sort", search),
    ...text("columns", search),
    ...(search["suppressed"] === true ? { suppressed: true } : {}),
  }),
  component: lazyRouteComponent(() => import("./alerts-page.tsx"), "AlertsPage"),
});

export const alertsRoutes = [alertsRoute];

function chosen<Key extends string, Value extends string>(
  key: Key,
  search: Record<string, unknown>,
  values: readonly Value[],
): { [Name in Key]?: Value } {
  const value = values.find((one) => one === search[key]);
  return (value === undefined ? {} : { [key]: value }) as { [Name in Key]?: Value };
}

function text<Key extends string>(key: Key, search: Record<string, unknown>): { [Name in Key]?: string } {
  const value = search[key];
  const fits = (typeof value === "string" || typeof value === "number") && value !== "";
  return (fits ? { [key]: String(value).slice(0, 200) } : {}) as { [Name in Key]?: string };
}
