import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

export interface FlowSearch {
  /** A station of the diagram (`outcome:failed`), or a way between two of them (`gate:allowed>outcome:failed`). */
  at?: string;
  q?: string;
  sort?: string;
  columns?: string;
}

const flowRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/flow",
  validateSearch: (search: Record<string, unknown>): FlowSearch => {
    const found: FlowSearch = {};
    for (const key of ["at", "q", "sort", "columns"] as const) {
      const value = search[key];
      if (typeof value === "string" && value !== "") found[key] = value.slice(0, 200);
    }
    return found;
  },
  component: lazyRouteComponent(() => import("./flow-page.tsx"), "FlowPage"),
});

export const flowRoutes = [flowRoute];
