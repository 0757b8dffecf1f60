import type { AlertView } from "@steward/contracts/alert";
import { AppError } from "@steward/contracts/errors";
import { alertRoutes } from "@steward/contracts/routes/alerts";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { callPaced, useAcross, useTenantIds } from "../../api/use-across.ts";
import { useApiPages } from "../../api/use-api.ts";
import { plural } from "../../text.ts";
import { toast } from "../../ui/toast.tsx";
import type { AlertsSearch } from "./alerts-search.ts";

/** Whose it is goes with it: the provider's staff sees those of all tenants in one list. */
export interface AlertRow extends AlertView {
  tenantId: string;
}

export interface Alerts {
  data: AlertRow[] | undefined;
  error: Error | null;
  refetch: () => void;
  hasMore: boolean;
  loadMore: () => void;
  loadAll: () => void;
}

/** More than a person looks through; of one tenant the list goes on. */
const firstOfEach = 100;

export function useAlerts({ status, severity, about: kind, node, suppressed }: AlertsSearch): Alerts {
  const tenantIds = useTenantIds();
  const [only] = tenantIds;
  const one = tenantIds.length === 1 ? only : undefined;
  const query = {
    ...(status === undefined ? {} : { status }),
    ...(severity === undefined ? {} : { severity }),
    ...(kind === undefined ? {} : { kind }),
    ...(node === undefined ? {} : { node }),
    ...(suppressed === true ? { suppressed: "true" as const } : {}),
  };
  const pages = useApiPages(
    alertRoutes.listAlerts,
    { query: { ...query, limit: 100 } },
    { enabled: one !== undefined, keepsLast: true },
  );
  const across = useAcross(
    alertRoutes.listAlerts,
    { query: { ...query, limit: firstOfEach } },
    { tenantIds, enabled: one === undefined },
  );
  const { data: paged } = pages;
  const { data: listed } = across;
  const data = useMemo(() => {
    if (one !== undefined) return paged?.map((alert) => ({ ...alert, tenantId: one }));
    return listed
      ?.flatMap(({ tenantId, answer }) => answer.items.map((alert) => ({ ...alert, tenantId })))
      .sort((a, b) => (a.startsAt < b.startsAt ? 1 : -1));
  }, [one, paged, listed]);
  const nothing = () => undefined;
  return one === undefined
    ? { data, error: across.error, refetch: across.refetch, hasMore: false, loadMore: nothing, loadAll: nothing }
    : {
        data,
        error: pages.error,
        refetch: pages.refetch,
        hasMore: pages.hasMore,
        loadMore: pages.loadMore,
        loadAll: pages.loadAll,
      };
}

/** What people do to alerts, one or many of them, each in its own tenant. */
export function useAlertChanges(): {
  acknowledge: (alerts: readonly AlertRow[]) => Promise<void>;
  snooze: (alerts: readonly AlertRow[], minutes: number) => Promise<void>;
  isRunning: boolean;
} {
  const client = useQueryClient();
  const [running, setRunning] = useState(0);

  const each = async (
    alerts: readonly AlertRow[],
    one: (alert: AlertRow, signal: AbortSignal) => Promise<unknown>,
    says: (count: number) => string,
  ) => {
    setRunning((before) => before + 1);
    const { signal } = new AbortController();
    const failures: unknown[] = [];
    try {
      await Promise.all(
        alerts.map((alert) =>
          one(alert, signal).catch((error: unknown) => {
            // It resolved by itself a moment ago: that is no failure of anybody's.
            const isOver = error instanceof AppError && error.code === "invalid_transition";
            if (!isOver || alerts.length === 1) failures.push(error);
          }),
        ),
      );
    } finally {
      setRunning((before) => before - 1);
      void client.invalidateQueries({
        predicate: ({ queryKey }) =>
          queryKey[0] === alertRoutes.listAlerts.id || queryKey[0] === alertRoutes.getAlert.id,
      });
    }
    const done = alerts.length - failures.length;
    if (done > 0) toast.say(says(done));
    if (failures.length > 0) toast.fail(failures[0]);
  };

  return {
    isRunning: running > 0,
    acknowledge: (alerts) =>
      each(
        alerts,
        ({ id, tenantId }, signal) =>
          callPaced(tenantId, signal)(alertRoutes.acknowledgeAlert, { params: { alertId: id } }),
        (count) => `You look after ${plural(count, "alert")}: nobody else is called for ${count === 1 ? "it" : "them"}`,
      ),
    snooze: (alerts, minutes) =>
      each(
        alerts,
        ({ id, tenantId }, signal) =>
          callPaced(tenantId, signal)(alertRoutes.snoozeAlert, { params: { alertId: id }, body: { minutes } }),
        (count) =>
          `${plural(count, "alert")}: nobody is told of ${count === 1 ? "it" : "them"} before, unless it becomes worse`,
      ),
  };
}
