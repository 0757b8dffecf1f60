import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

export interface FreezesSearch {
  /** The form of a new one. */
  new?: "freeze" | "window";
  /** How many weeks from this one the strip begins. */
  week?: number;
}

const freezesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/freezes",
  validateSearch: (search: Record<string, unknown>): FreezesSearch => {
    const form = (["freeze", "window"] as const).find((one) => one === search["new"]);
    const week = Number(search["week"]);
    return {
      ...(form === undefined ? {} : { new: form }),
      ...(Number.isInteger(week) && week !== 0 && Math.abs(week) <= 520 ? { week } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./freezes-page.tsx"), "FreezesPage"),
});

export const freezesRoutes = [freezesRoute];
