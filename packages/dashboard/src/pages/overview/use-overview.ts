import { overviewRoutes } from "@steward/contracts/routes/overview";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { providerTenantId } from "@steward/contracts/ids";
import type { TaskStatus } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { useMemo, useRef } from "react";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { type Across, useAcross, useTenantIds } from "../../api/use-across.ts";
import { type LaneSamples, withLanes } from "./sums.ts";

/** The counts of each tenant: where something is to be looked at, it is asked for; nowhere else. */
export function useStats() {
  const tenantIds = useTenantIds();
  const query = useAcross(overviewRoutes.stats, {}, { tenantIds });
  const { data } = query;
  const active = useMemo(
    () => (data ?? []).filter(({ answer }) => answer.tasks.active > 0).map(({ tenantId }) => tenantId),
    [data],
  );
  const frozen = useMemo(
    () => (data ?? []).filter(({ answer }) => answer.freezes > 0).map(({ tenantId }) => tenantId),
    [data],
  );
  return { query, tenantIds, active, frozen };
}

export interface Tasks {
  data: TaskView[] | undefined;
  error: Error | null;
  refetch: () => void;
}

/** Tasks of these statuses, of the tenants that have some under way. */
export function useTasksIn(
  statuses: readonly [TaskStatus, TaskStatus],
  active: readonly string[],
  isKnown: boolean,
): Tasks {
  const first = useAcross(taskRoutes.listTasks, { query: { status: statuses[0], limit: 20 } }, { tenantIds: active });
  const second = useAcross(taskRoutes.listTasks, { query: { status: statuses[1], limit: 20 } }, { tenantIds: active });
  const { data: someOfThem } = first;
  const { data: othersOfThem } = second;
  const data = useMemo(() => {
    if (!isKnown) return undefined;
    const all = [someOfThem, othersOfThem].map((found) => found?.flatMap(({ answer }) => answer.items));
    if (active.length > 0 && all.every((items) => items === undefined)) return undefined;
    return all
      .flatMap((items) => items ?? [])
      .filter(({ previewOf }) => previewOf === undefined)
      .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }, [isKnown, active.length, someOfThem, othersOfThem]);
  return {
    data,
    error: first.error ?? second.error,
    refetch: () => {
      first.refetch();
      second.refetch();
    },
  };
}

/** Tasks that customers have asked a person of the provider about; of the chosen tenant, where one is. */
export function useEscalations(): readonly TaskView[] {
  const { isStaff, tenantId } = useMe();
  const { data } = useApi(
    taskRoutes.listEscalations,
    { query: { limit: 50 } },
    { every: "background", enabled: isStaff },
  );
  return useMemo(
    () => (data?.items ?? []).filter((task) => tenantId === undefined || task.tenantId === tenantId),
    [data, tenantId],
  );
}

/** Lanes and workers are everybody's: whoever looks at all tenants asks in the provider's own name. */
export function useQueues() {
  const tenantIds = useTenantIds();
  const whose = tenantIds.includes(providerTenantId) ? providerTenantId : tenantIds[0];
  const asked: Across<typeof queueRoutes.queueStatus> = useAcross(
    queueRoutes.queueStatus,
    {},
    { tenantIds: whose === undefined ? [] : [whose] },
  );
  const status = asked.data?.[0]?.answer;
  const samples = useRef<LaneSamples>(kept);
  if (status !== undefined) {
    samples.current = withLanes(samples.current, status.lanes, asked.dataUpdatedAt);
    kept = samples.current;
  }
  return { query: { ...asked, data: status }, samples: samples.current, tenantId: whose };
}

/** Who comes back to the page finds what it saw before, as long as the tab is open. */
let kept: LaneSamples = {};
