import { alertRoutes } from "@steward/contracts/routes/alerts";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../../api/use-api.ts";
import { Badge } from "../../../ui/badge.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import styles from "./one.module.css";

export function AlertsPanel({ nodeId }: { nodeId: string }) {
  const alerts = useApi(
    alertRoutes.listAlerts,
    { query: { node: nodeId, limit: 10, suppressed: "true" } },
    { every: "background" },
  );
  return (
    <Panel
      title="Alerts"
      flush
      actions={
        <Link to="/alerts" search={{ node: nodeId } as never}>
          All alerts
        </Link>
      }
    >
      <Loaded
        query={alerts}
        rows={2}
        empty={({ items }) => items.length === 0}
        emptyState={
          <ul className={styles["list"]}>
            <li className={styles["soft"]}>No alert is open.</li>
          </ul>
        }
      >
        {({ items }) => (
          <ul className={styles["list"]}>
            {items.map((alert) => (
              <li key={alert.id}>
                <Badge tone={alert.severity === "critical" ? "bad" : "wait"}>{alert.severity}</Badge>
                <Link to="/alerts" search={{ alert: alert.id } as never}>
                  <Said>{alert.summary}</Said>
                </Link>
                <span className={styles["end"]}>
                  {alert.status === "acknowledged" ? "acknowledged, " : ""}
                  <Moment at={alert.startsAt} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  );
}
