import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const filters = ["who", "what", "record", "request", "from", "to"] as const;
export type AuditFilters = { [Name in (typeof filters)[number]]?: string };

export function filtersOf(search: Record<string, unknown>): AuditFilters {
  const given = filters.flatMap((name) => {
    const value = search[name];
    // An address may hold a number where somebody meant its digits.
    if (typeof value === "number") return [[name, String(value)]];
    return typeof value === "string" && value !== "" ? [[name, value.slice(0, 200)]] : [];
  });
  return Object.fromEntries(given) as AuditFilters;
}

export interface AuditSearch extends AuditFilters {
  /** The entry that is open, by its id. */
  entry?: string;
  /** The trail is being verified. */
  verify?: true;
}

const auditRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/audit",
  validateSearch: (search: Record<string, unknown>): AuditSearch => {
    return {
      ...filtersOf(search),
      ...(typeof search["entry"] === "string" ? { entry: search["entry"] } : {}),
      ...(search["verify"] === true ? { verify: true as const } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./audit-page.tsx"), "AuditPage"),
});

export const auditRoutes = [auditRoute];
