import { Link } from "@tanstack/react-router";
import { useMe } from "../../me/use-me.ts";
import { termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { IconButton, LinkButton } from "../../ui/button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment, useNow } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { byNeed, needsSomebody, severityTerms } from "../alerts/alert-terms.ts";
import { type Alerts, useAlertChanges } from "../alerts/use-alerts.ts";
import styles from "./overview.module.css";

const mostShown = 7;

/** Open alerts that nobody looks after, the worst first; acknowledged from here with one press. */
export function AlertsPanel({ alerts }: { alerts: Alerts }) {
  const { may, tenantId, tenants } = useMe();
  const { acknowledge, isRunning } = useAlertChanges();
  const nowMs = useNow();
  const open = alerts.data?.filter((alert) => needsSomebody(alert, nowMs)).sort(byNeed);
  const others = (alerts.data?.length ?? 0) - (open?.length ?? 0);
  return (
    <Panel
      flush
      title="Alerts"
      note={
        open === undefined
          ? " "
          : `${open.length}${alerts.hasMore ? "+" : ""} need somebody${others === 0 ? "" : `, ${others} are seen to`}`
      }
      actions={
        <LinkButton tone="quiet" to="/alerts">
          All
        </LinkButton>
      }
    >
      <Loaded
        query={{ ...alerts, data: open }}
        rows={5}
        empty={(items) => items.length === 0}
        emptyState={
          <Empty title="Nobody is needed">
            {others === 0
              ? "No alert is open."
              : `Somebody looks after ${others === 1 ? "the one" : "each"} that is open.`}
          </Empty>
        }
      >
        {(items) => (
          <ul className={styles["rows"]}>
            {items.slice(0, mostShown).map((alert) => (
              <li key={alert.id}>
                <Status of={termOf(severityTerms, alert.severity)} />
                <span className={styles["who"]}>
                  <Link
                    to="/alerts"
                    search={{ alert: alert.id, ...(tenantId === undefined ? { of: alert.tenantId } : {}) } as never}
                  >
                    <Said>{alert.summary}</Said>
                  </Link>
                  <span className={styles["soft"]}>
                    <Moment at={alert.startsAt} />
                    {alert.escalatedAt === undefined ? null : ", escalated"}
                    {tenantId === undefined ? (
                      <>
                        {" · "}
                        <Said>{tenants.find(({ id }) => id === alert.tenantId)?.name ?? alert.tenantId}</Said>
                      </>
                    ) : null}
                  </span>
                </span>
                {may("operator") ? (
                  <IconButton
                    icon="check"
                    label={`Acknowledge: ${alert.summary}`}
                    disabled={isRunning}
                    onClick={() => void acknowledge([alert])}
                  />
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
