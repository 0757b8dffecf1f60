import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

export interface TopologySearch {
  /** How machines are grouped: `tenant`, `kind`, `tag:site`. */
  group?: string;
  /** The group that is open: its key. */
  unfold?: string;
  /** A part of a name: what fits is lifted out. */
  q?: string;
  /** Absent: the graph where there is room for it, else the table. */
  as?: "map" | "table";
}

const topologyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/topology",
  validateSearch: (search: Record<string, unknown>): TopologySearch => ({
    ...text("group", search),
    ...text("unfold", search),
    ...text("q", search),
    ...(search["as"] === "table" || search["as"] === "map" ? { as: search["as"] } : {}),
  }),
  component: lazyRouteComponent(() => import("./topology-page.tsx"), "TopologyPage"),
});

export const topologyRoutes = [topologyRoute];

function text<Key extends string>(key: Key, search: Record<string, unknown>): { [Name in Key]?: string } {
  const value = search[key];
  const fits = (typeof value === "string" || typeof value === "number") && value !== "";
  return (fits ? { [key]: String(value).slice(0, 100) } : {}) as { [Name in Key]?: string };
}
