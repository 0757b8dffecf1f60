import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const schedulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/schedules",
  component: lazyRouteComponent(() => import("./schedules-page.tsx"), "SchedulesPage"),
});
const scheduleRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/schedules/$scheduleId",
  component: lazyRouteComponent(() => import("./schedule-page.tsx"), "SchedulePage"),
});

export const schedulesRoutes = [schedulesRoute, scheduleRoute];
