import { overviewRoutes as routes } from "@steward/contracts/routes/overview";
import { stats } from "@steward/control/fleet-views";
import { bind } from "../bind.ts";
import { listActions } from "../list-actions.ts";

export const overviewBindings = [
  bind(routes.listActions, async (deps) => ({ items: listActions(deps.actions) })),
  bind(routes.stats, (deps, { caller }) => stats(deps, caller)),
  bind(routes.metrics, async (deps, { caller, query }) => {
    // Asked for by a scraper once a minute, or never: no start loads it.
    const { exportMetrics } = await import("@steward/control/export-metrics");
    return exportMetrics(deps, caller, query);
  }),
  bind(routes.health, async (deps) => {
    const results = await Promise.all(
      Object.entries(deps.checks).map(async ([name, check]) => {
        try {
          await check();
          return [name, "ok"] as const;
        } catch (error) {
          deps.log("warn", "dependency_failed", {
            name,
            error: error instanceof Error ? error.message : String(error),
          });
          return [name, "failed"] as const;
        }
      }),
    );
    const status: "ok" | "degraded" = results.every(([, result]) => result === "ok") ? "ok" : "degraded";
    return {
      status,
      version: deps.version,
      stage: deps.stage,
      dependencies: Object.fromEntries(results),
    };
  }),
];
