import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";
import { readTaskSearch } from "./task-search.ts";
import { readTasksSearch } from "./task-filters.ts";

const tasksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tasks",
  validateSearch: readTasksSearch,
  component: lazyRouteComponent(() => import("./tasks-page.tsx"), "TasksPage"),
});
const taskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tasks/$taskId",
  validateSearch: readTaskSearch,
  component: lazyRouteComponent(() => import("./task-page.tsx"), "TaskPage"),
});

export const tasksRoutes = [tasksRoute, taskRoute];
