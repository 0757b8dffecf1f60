import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "../../shell/shell-route.ts";

const workersTabs = ["distribution", "recommend"] as const;

export interface WorkersSearch {
  /** Absent: what is now. */
  tab?: (typeof workersTabs)[number];
  /** Where work ran: today and the days before it. */
  days?: number;
  /** Where work ran: this tenant's jobs only. */
  own?: true;
  /** What a worker must have: `model:…,slots:2`. */
  needs?: string;
  /** How many are recommended. */
  count?: number;
  /** The form for a new worker. */
  enrol?: true;
}

const workersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workers",
  validateSearch: (search: Record<string, unknown>): WorkersSearch => {
    const tab = workersTabs.find((one) => one === search["tab"]);
    const days = whole(search["days"], 31);
    const count = whole(search["count"], 50);
    const needs = search["needs"];
    return {
      ...(tab === undefined ? {} : { tab }),
      ...(days === undefined ? {} : { days }),
      ...(search["own"] === true ? { own: true as const } : {}),
      ...(typeof needs === "string" && needs !== "" ? { needs: needs.slice(0, 1_000) } : {}),
      ...(count === undefined ? {} : { count }),
      ...(search["enrol"] === true ? { enrol: true as const } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./workers-page.tsx"), "WorkersPage"),
});
const workerRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/workers/$nodeId",
  validateSearch: (search: Record<string, unknown>): { hours?: number } => {
    const hours = whole(search["hours"], 168);
    return hours === undefined ? {} : { hours };
  },
  component: lazyRouteComponent(() => import("./worker-page.tsx"), "WorkerPage"),
});
const queueRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/queues/$queue",
  validateSearch: (search: Record<string, unknown>): { letter?: string } => {
    const { letter } = search;
    return typeof letter === "string" && letter !== "" ? { letter: letter.slice(0, 100) } : {};
  },
  component: lazyRouteComponent(() => import("./queue-page.tsx"), "QueuePage"),
});

function whole(value: unknown, most: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most ? value : undefined;
}

export const workersRoutes = [workersRoute, workerRoute, queueRoute];
