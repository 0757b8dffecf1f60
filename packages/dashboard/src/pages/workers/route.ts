import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const workersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workers",
  component: lazyRouteComponent(() => import("./workers-page.tsx"), "WorkersPage"),
});
const workerRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workers/$nodeId",
  component: lazyRouteComponent(() => import("./worker-page.tsx"), "WorkerPage"),
});
const queueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/queues/$queue",
  component: lazyRouteComponent(() => import("./queue-page.tsx"), "QueuePage"),
});

export const workersRoutes = [workersRoute, workerRoute, queueRoute];
