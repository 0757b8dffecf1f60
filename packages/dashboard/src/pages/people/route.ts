import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

interface PeopleSearch {
  /** Whoever is looked at beside the list. */
  person?: string;
}

const peopleRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/people",
  validateSearch: ({ person }: Record<string, unknown>): PeopleSearch => (typeof person === "string" ? { person } : {}),
  component: lazyRouteComponent(() => import("./people-page.tsx"), "PeoplePage"),
});

export const peopleRoutes = [peopleRoute];
