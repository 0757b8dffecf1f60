import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useMe } from "../../me/use-me.ts";
import { Button, LinkButton } from "../../ui/button.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { plural } from "../../text.ts";
import { AlertDetail } from "./alert-detail.tsx";
import { alertColumns } from "./alert-columns.tsx";
import { AlertFilters } from "./alert-filters.tsx";
import { byNeed } from "./alert-terms.ts";
import type { AlertsSearch } from "./alerts-search.ts";
import styles from "./alerts.module.css";
import { SnoozeMenu } from "./snooze-menu.tsx";
import { type AlertRow, useAlertChanges, useAlerts } from "./use-alerts.ts";

const route = getRouteApi("/alerts");

type View = "now" | "resolved";

/** What is wrong with machines, and what was. */
export function AlertsPage() {
  const search = route.useSearch() as AlertsSearch;
  const navigate = route.useNavigate();
  const change = (next: { [Key in keyof AlertsSearch]?: AlertsSearch[Key] | undefined }) =>
    void navigate({
      search: ((before: object) => ({ ...before, ...next })) as never,
      replace: true,
      resetScroll: false,
    });
  const view: View = search.status === "resolved" ? "resolved" : "now";
  return (
    <Page
      wide
      title="Alerts"
      lead="What is wrong with machines: silent ones, and those that are not well. They resolve by themselves when it is over."
      actions={
        <LinkButton to="/settings" search={{ tab: "thresholds" }} tone="quiet" icon="settings">
          Thresholds
        </LinkButton>
      }
    >
      <Tabs<View>
        label="Alerts"
        value={view}
        onChange={(next) =>
          change({
            status: next === "resolved" ? "resolved" : undefined,
            alert: undefined,
            of: undefined,
          })
        }
        tabs={[
          { id: "now", label: "Now" },
          { id: "resolved", label: "Over" },
        ]}
      >
        <AlertList search={search} change={change} />
      </Tabs>
    </Page>
  );
}

function AlertList({
  search,
  change,
}: {
  search: AlertsSearch;
  change: (next: { [Key in keyof AlertsSearch]?: AlertsSearch[Key] | undefined }) => void;
}) {
  const me = useMe();
  const alerts = useAlerts(search);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { tenantId, tenants } = me;
  const names = useMemo(() => new Map(tenants.map(({ id, name }) => [id, name])), [tenants]);
  const columns = useMemo(() => alertColumns(tenantId === undefined ? names : undefined), [tenantId, names]);
  const isNow = search.status !== "resolved";
  const rows = useMemo(
    () => (isNow && search.sort === undefined ? alerts.data?.toSorted(byNeed) : alerts.data),
    [alerts.data, isNow, search.sort],
  );
  const isFiltered =
    search.severity !== undefined ||
    search.about !== undefined ||
    search.node !== undefined ||
    search.suppressed === true ||
    (search.status !== undefined && isNow);
  const openTenant = search.of ?? rows?.find(({ id }) => id === search.alert)?.tenantId ?? tenantId;
  const openId = openTenant === undefined ? undefined : search.alert;
  return (
    <div className={styles["split"]} data-open={openId === undefined ? undefined : ""}>
      <div className={styles["list"]}>
        <Loaded query={{ ...alerts, data: rows }} rows={8}>
          {(found) => (
            <>
              {isNow && me.may("operator") ? (
                <Chosen rows={found} chosen={chosen} onDone={() => setChosen(new Set())} />
              ) : null}
              <Panel flush>
                <DataTable<AlertRow>
                  name="alerts"
                  columns={columns}
                  rows={found}
                  rowId={({ id }) => id}
                  onOpen={(row) => change({ alert: row.id, of: tenantId === undefined ? row.tenantId : undefined })}
                  {...(openId === undefined ? {} : { open: openId })}
                  {...(isNow && me.may("operator") ? { selection: { ids: chosen, onChange: setChosen } } : {})}
                  toolbar={<AlertFilters search={search} change={change} />}
                  hasMore={alerts.hasMore}
                  onMore={alerts.loadMore}
                  onAll={alerts.loadAll}
                  view={search}
                  onView={({ q, sort, columns: shown }) => change({ q, sort, columns: shown })}
                  empty={<Nothing isNow={isNow} isFiltered={isFiltered} />}
                />
              </Panel>
            </>
          )}
        </Loaded>
      </div>
      {openId === undefined || openTenant === undefined ? null : (
        <AlertDetail
          alertId={openId}
          tenantId={openTenant}
          onClose={() => change({ alert: undefined, of: undefined })}
        />
      )}
    </div>
  );
}

/** What can be done with those that are ticked. Its room is there before: nothing jumps when the first one is. */
function Chosen({
  rows,
  chosen,
  onDone,
}: {
  rows: readonly AlertRow[];
  chosen: ReadonlySet<string>;
  onDone: () => void;
}) {
  const { acknowledge, snooze, isRunning } = useAlertChanges();
  const ticked = rows.filter(({ id }) => chosen.has(id));
  const open = ticked.filter(({ status }) => status === "open");
  return (
    <div className={styles["chosen"]} role="group" aria-label="With the ticked alerts">
      {ticked.length === 0 ? (
        <p className={styles["soft"]}>Tick alerts to acknowledge or snooze several at once.</p>
      ) : (
        <>
          <span>{plural(ticked.length, "alert")}</span>
          <Button
            tone="primary"
            icon="check"
            busy={isRunning}
            disabled={open.length === 0}
            onClick={() => void acknowledge(open).then(onDone)}
          >
            Acknowledge {open.length === ticked.length ? "" : open.length}
          </Button>
          <SnoozeMenu busy={isRunning} onSnooze={(minutes) => void snooze(ticked, minutes).then(onDone)} />
          <Button tone="quiet" onClick={onDone}>
            Untick
          </Button>
        </>
      )}
    </div>
  );
}

function Nothing({ isNow, isFiltered }: { isNow: boolean; isFiltered: boolean }) {
  if (isFiltered) return <Empty title="None is like that">Take a filter away to see the others.</Empty>;
  if (!isNow) {
    return (
      <Empty title="Nothing was wrong yet">
        What is over is listed here, with how long it took and who looked after it.
      </Empty>
    );
  }
  return (
    <Empty title="Nothing is wrong">
      <p>
        An alert opens when a machine is silent for two minutes, when a metric is over its threshold, or when its agent
        finds something wrong.
      </p>
      <p>
        In a terminal: <Copy text="steward alerts ls" label="Copy the command" />
      </p>
    </Empty>
  );
}
