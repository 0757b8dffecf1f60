import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const tasksRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tasks",
  component: lazyRouteComponent(() => import("./tasks-page.tsx"), "TasksPage"),
});
const taskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/tasks/$taskId",
  component: lazyRouteComponent(() => import("./task-page.tsx"), "TaskPage"),
});

export const tasksRoutes = [tasksRoute, taskRoute];
