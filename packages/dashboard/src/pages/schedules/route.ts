import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const tabs = ["list", "calendar", "code"] as const;
export type SchedulesTab = (typeof tabs)[number];

export interface SchedulesSearch {
  tab?: SchedulesTab;
  state?: "active" | "paused";
  /** The form of a new one. */
  new?: true;
  /** The words that a new one begins with. */
  say?: string;
}

const schedulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/schedules",
  validateSearch: (search: Record<string, unknown>): SchedulesSearch => {
    const tab = tabs.find((one) => one === search["tab"]);
    const state = (["active", "paused"] as const).find((one) => one === search["state"]);
    return {
      ...(tab === undefined || tab === "list" ? {} : { tab }),
      ...(state === undefined ? {} : { state }),
      ...(search["new"] === true ? { new: true as const } : {}),
      ...(typeof search["say"] === "string" ? { say: search["say"] } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./schedules-page.tsx"), "SchedulesPage"),
});

const scheduleRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/schedules/$scheduleId",
  validateSearch: (search: Record<string, unknown>): { edit?: true } =>
    search["edit"] === true ? { edit: true as const } : {},
  component: lazyRouteComponent(() => import("./schedule-page.tsx"), "SchedulePage"),
});

export const schedulesRoutes = [schedulesRoute, scheduleRoute];
