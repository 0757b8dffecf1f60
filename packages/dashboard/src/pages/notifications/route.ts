import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

export interface NotificationsSearch {
  /** The receiver whose deliveries are shown. */
  receiver?: string;
}

const notificationsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/notifications",
  validateSearch: (search: Record<string, unknown>): NotificationsSearch =>
    typeof search["receiver"] === "string" ? { receiver: search["receiver"].slice(0, 60) } : {},
  component: lazyRouteComponent(() => import("./notifications-page.tsx"), "NotificationsPage"),
});

export const notificationsRoutes = [notificationsRoute];
