import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { useEffect } from "react";
import { keepSample } from "../../api/samples.ts";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";

/** So many requests back: what one page of the list holds. */
export const recentCount = 200;

/** The newest requests, whatever became of them. */
export function useRecent() {
  return useApi(taskRoutes.listTasks, { query: { limit: recentCount } }, { every: "background" });
}

/** What was seen of the stages since the tab was opened, of the tenant that is looked at. */
export function useFlowSamples(): string {
  const { tenantId } = useMe();
  return `flow ${tenantId ?? ""}`;
}

/** How many are in each stage just now; what is seen is kept for the plots. */
export function useStages() {
  const name = useFlowSamples();
  const asked = useApi(fleetRoutes.flow, {});
  const { data, dataUpdatedAt } = asked;
  useEffect(() => {
    if (data === undefined) return;
    keepSample(name, dataUpdatedAt, Object.fromEntries(data.stages.map(({ stage, count }) => [stage, count])));
  }, [name, data, dataUpdatedAt]);
  return asked;
}
