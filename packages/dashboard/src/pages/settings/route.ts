import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const settingsTabs = ["policy", "limits", "thresholds", "sign-in", "gate", "installation"] as const;
export type SettingsTab = (typeof settingsTabs)[number];

interface SettingsSearch {
  tab?: SettingsTab;
  /** The request that is explained. */
  task?: string;
}

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/settings",
  validateSearch: (search: Record<string, unknown>): SettingsSearch => {
    const tab = settingsTabs.find((one) => one === search["tab"]);
    const { task } = search;
    return { ...(tab === undefined ? {} : { tab }), ...(typeof task === "string" ? { task } : {}) };
  },
  component: lazyRouteComponent(() => import("./settings-page.tsx"), "SettingsPage"),
});

export const settingsRoutes = [settingsRoute];
