import { alertRoutes } from "@steward/contracts/routes/alerts";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useAcross } from "../../api/use-across.ts";
import { healthTerms, spanText, termOf } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Button, IconButton, LinkButton } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { useMe } from "../../me/use-me.ts";
import { adviceOf } from "./advice.ts";
import { alertStatusTerms, severityTerms } from "./alert-terms.ts";
import styles from "./alerts.module.css";
import { SnoozeMenu } from "./snooze-menu.tsx";
import { type AlertRow, useAlertChanges } from "./use-alerts.ts";

/** One alert: what it is, since when, who knows of it, what to do, and how often it was so before. */
export function AlertDetail({
  alertId,
  tenantId,
  onClose,
}: {
  alertId: string;
  tenantId: string;
  onClose: () => void;
}) {
  const asked = useAcross(alertRoutes.getAlert, { params: { alertId } }, { tenantIds: [tenantId] });
  const query = { ...asked, data: asked.data?.[0]?.answer };
  const head = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone it opens above a list that somebody has scrolled down.
    if (alertId !== "") head.current?.scrollIntoView({ block: "nearest" });
  }, [alertId]);
  return (
    <aside className={styles["detail"]} aria-label="The chosen alert" ref={head}>
      <div className={styles["close"]}>
        <IconButton label="Close" icon="close" onClick={onClose} />
      </div>
      <Loaded query={query} rows={6}>
        {(alert) => <Detail alert={{ ...alert, tenantId }} />}
      </Loaded>
    </aside>
  );
}

function Detail({ alert }: { alert: AlertRow }) {
  const { may, tenantId: chosen, tenants } = useMe();
  const { acknowledge, snooze, isRunning } = useAlertChanges();
  const advice = adviceOf(alert);
  const { node, status, tenantId } = alert;
  const isNow = status !== "resolved";
  const nodePath = node?.id.startsWith("wrk") === true ? "/workers/$nodeId" : "/appliances/$nodeId";
  return (
    <>
      <p className={styles["badges"]}>
        <Status of={termOf(severityTerms, alert.severity)} />
        <Status of={termOf(alertStatusTerms, status)} />
        {alert.escalatedAt === undefined ? null : <Badge tone="bad">escalated</Badge>}
      </p>
      <h2 className={styles["summary"]}>
        <Said>{alert.summary}</Said>
      </h2>
      {isNow && may("operator") ? (
        <div className={styles["buttons"]}>
          {status === "open" ? (
            <Button tone="primary" icon="check" busy={isRunning} onClick={() => void acknowledge([alert])}>
              Acknowledge
            </Button>
          ) : null}
          <SnoozeMenu busy={isRunning} onSnooze={(minutes) => void snooze([alert], minutes)} />
        </div>
      ) : null}
      <Facts
        items={[
          ["Since", <Moment key="since" at={alert.startsAt} />],
          alert.resolvedAt !== undefined && ["Over", <Moment key="over" at={alert.resolvedAt} />],
          node !== undefined && [
            "Machine",
            <span key="node" className={styles["badges"]}>
              <Link to={nodePath} params={{ nodeId: node.id }} search={{ tenant: tenantId } as never}>
                <Said>{node.name}</Said>
              </Link>
              <Status of={termOf(healthTerms, node.health)} />
            </span>,
          ],
          alert.nodes !== undefined && ["Machines", `${alert.nodes.silent} of ${alert.nodes.of} are silent`],
          chosen === undefined && [
            "Tenant",
            <Said key="tenant">{tenants.find(({ id }) => id === tenantId)?.name ?? tenantId}</Said>,
          ],
          alert.part !== undefined && [
            "What",
            <Said key="part" mono>
              {alert.part}
            </Said>,
          ],
          alert.acknowledgedBy !== undefined && [
            "Acknowledged",
            <span key="ack">
              by <Said>{alert.acknowledgedBy.name}</Said> <Moment at={alert.acknowledgedAt} />
            </span>,
          ],
          alert.snoozedUntil !== undefined && [
            "Snoozed",
            <span key="snooze">
              until <Moment at={alert.snoozedUntil} />
              {alert.snoozedBy === undefined ? null : (
                <>
                  {" "}
                  by <Said>{alert.snoozedBy.name}</Said>
                </>
              )}
            </span>,
          ],
          ["Told", alert.toldAt === undefined ? "nobody yet" : <Moment key="told" at={alert.toldAt} />],
          alert.escalatedAt !== undefined && ["Escalated", <Moment key="esc" at={alert.escalatedAt} />],
          alert.suppressedBy !== undefined && [
            "Behind",
            <span key="behind">
              <Link
                to="/appliances/$nodeId"
                params={{ nodeId: alert.suppressedBy }}
                search={{ tenant: tenantId } as never}
              >
                a gateway
              </Link>{" "}
              that is silent itself: nobody is told of this one
            </span>,
          ],
          ["Opened", alert.openings === 1 ? "for the first time" : `${alert.openings} times by now`],
          ["Id", <Copy key="id" text={alert.id} label="Copy the id" />],
        ]}
      />
      <section className={styles["advice"]}>
        <h3>What to do</h3>
        <p>
          <Said>{advice.means}</Said>
        </p>
        <ol>
          {advice.steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
        <div className={styles["buttons"]}>
          {advice.ask !== undefined && node !== undefined && isNow && may("operator") ? (
            <LinkButton to="/ask" icon="ask" search={{ q: advice.ask, on: node.name, tenant: tenantId } as never}>
              Ask for it: <Said>{advice.ask}</Said>
            </LinkButton>
          ) : null}
          {node === undefined ? (
            <LinkButton to="/topology" icon="topology" search={{ tenant: tenantId } as never}>
              See what they share
            </LinkButton>
          ) : (
            <LinkButton
              to={nodePath}
              params={{ nodeId: node.id }}
              search={{ tenant: tenantId } as never}
              icon="appliances"
            >
              Its history
            </LinkButton>
          )}
        </div>
        {advice.command === undefined ? null : <Copy text={advice.command} label="Copy the command" />}
      </section>
      {alert.past.length === 0 ? null : (
        <section className={styles["advice"]}>
          <h3>Before</h3>
          <ul className={styles["past"]}>
            {alert.past.map((one) => (
              <li key={one.startsAt}>
                <Status of={termOf(severityTerms, one.severity)} />
                <span>
                  <Moment at={one.startsAt} />, for{" "}
                  {spanText((Date.parse(one.resolvedAt) - Date.parse(one.startsAt)) / 1000)}
                  {one.acknowledgedBy === undefined ? null : (
                    <>
                      , acknowledged by <Said>{one.acknowledgedBy.name}</Said>
                    </>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
