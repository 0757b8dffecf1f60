import { lazy, Suspense, useMemo } from "react";
import { useFleet } from "../../fleet/use-fleet.ts";
import { useMe } from "../../me/use-me.ts";
import { visible } from "../../text.ts";
import { useNow } from "../../ui/moment.tsx";
import { Skeleton } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { needsSomebody } from "../alerts/alert-terms.ts";
import { useAlerts } from "../alerts/use-alerts.ts";
import { AlertsPanel } from "./alerts-panel.tsx";
import { Banners } from "./banners.tsx";
import { FleetPanel } from "./fleet-panel.tsx";
import { Headline } from "./headline.tsx";
import { LanesPanel } from "./lanes-panel.tsx";
import styles from "./overview.module.css";
import { RunningPanel } from "./running-panel.tsx";
import { useEscalations, useQueues, useStats, useTasksIn } from "./use-overview.ts";
import { WaitingPanel } from "./waiting-panel.tsx";

// What is below is loaded when what is above is there.
const HistoryPanel = lazy(async () => ({ default: (await import("./history-panel.tsx")).HistoryPanel }));
const SpendPanel = lazy(async () => ({ default: (await import("./spend-panel.tsx")).SpendPanel }));

const nowIs = {} as const;

/** The first page of who runs fleets: what is wrong, what is running, what waits for me. */
export function OverviewPage() {
  const { tenant, tenantId, tenants } = useMe();
  const fleet = useFleet();
  const { query: stats, tenantIds, active, frozen } = useStats();
  const isKnown = stats.data !== undefined;
  const waiting = useTasksIn(["awaiting_approval", "needs_input"], active, isKnown);
  const running = useTasksIn(["running", "cancelling"], active, isKnown);
  const asked = useEscalations();
  const queues = useQueues();
  const alerts = useAlerts(nowIs);
  // To the minute: a snooze that ends is seen, and nothing is counted anew each second.
  const minute = Math.floor(useNow() / 60_000);
  const openAlerts = useMemo(() => {
    const open = alerts.data?.filter((alert) => needsSomebody(alert, (minute + 1) * 60_000));
    return open === undefined
      ? undefined
      : {
          critical: open.filter(({ severity }) => severity === "critical").length,
          warning: open.filter(({ severity }) => severity === "warning").length,
          more: alerts.hasMore,
        };
  }, [alerts.data, alerts.hasMore, minute]);
  const tasks = (query: typeof waiting) => ({
    ...query,
    error: query.error ?? stats.error,
    refetch: () => (stats.refetch(), query.refetch()),
  });
  return (
    <Page
      wide
      title="Overview"
      lead={
        tenantId === undefined
          ? `All ${tenants.length} tenants together. Choose one above to see it alone.`
          : tenant === undefined
            ? undefined
            : `${visible(tenant.name)}: what is wrong, what is running, what waits.`
      }
    >
      <Banners frozen={frozen} tenantIds={tenantIds} />
      <Headline fleet={fleet} stats={stats} queues={queues.query} openAlerts={openAlerts} asked={asked.length} />
      <FleetPanel fleet={fleet} />
      <div className={styles["thirds"]}>
        <AlertsPanel alerts={alerts} />
        <WaitingPanel waiting={tasks(waiting)} asked={asked} />
        <RunningPanel running={tasks(running)} />
      </div>
      <div className={styles["halves"]}>
        <LanesPanel queues={queues} />
        <Suspense
          fallback={
            <Panel title="Health over time">
              <Skeleton rows={8} />
            </Panel>
          }
        >
          <HistoryPanel tenantIds={tenantIds} />
        </Suspense>
      </div>
      <Suspense fallback={null}>
        <SpendPanel tenantIds={tenantIds} houseTenant={queues.tenantId} />
      </Suspense>
    </Page>
  );
}
