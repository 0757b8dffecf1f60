import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";
import type { TableView } from "../../ui/table-rows.ts";

export interface ActionsSearch extends TableView {
  kind?: "state" | "read" | "command";
  /** Where the one that is chosen is to run: selectors, by comma. Goes on to its page. */
  on?: string;
}

export interface ActionSearch {
  /** Where: selectors, by comma. */
  on?: string;
  /** Values to begin with, by variable; as JSON. */
  with?: string;
  /** What it has become. */
  task?: string;
}

function text(value: unknown, most: number): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, most) : undefined;
}

const actionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/actions",
  validateSearch: (search: Record<string, unknown>): ActionsSearch => {
    const kind = search["kind"];
    const on = text(search["on"], 4_000);
    const known = { q: text(search["q"], 100), sort: text(search["sort"], 60), columns: text(search["columns"], 300) };
    return {
      ...known,
      ...(on === undefined ? {} : { on }),
      ...(kind === "state" || kind === "read" || kind === "command" ? { kind } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./actions-page.tsx"), "ActionsPage"),
});
const actionRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/actions/$actionId",
  validateSearch: (search: Record<string, unknown>): ActionSearch => {
    const task = text(search["task"], 40);
    return {
      on: text(search["on"], 4_000),
      with: text(search["with"], 4_000),
      ...(task !== undefined && /^tsk_[0-9a-z]{26}$/.test(task) ? { task } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./action-page.tsx"), "ActionPage"),
});

export const actionsRoutes = [actionsRoute, actionRoute];
