import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { overviewRoutes } from "@steward/contracts/routes/overview";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Meter } from "../../ui/meter.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { WhichTenant } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./settings.module.css";

/** What runs here: the API and what it leans on, the builds that machines run, the catalogue. */
export function InstallationTab() {
  const me = useMe();
  const health = useApi(overviewRoutes.health, {}, { every: "background" });
  return (
    <div className={styles["columns"]}>
      <div className={styles["column"]}>
        <Panel title="Health">
          <Loaded query={health} rows={5}>
            {({ status, version, stage, dependencies }) => (
              <Facts
                items={[
                  [
                    "API",
                    status === "ok" ? (
                      <Badge key="api" tone="good">
                        answers
                      </Badge>
                    ) : (
                      <Badge key="api" tone="bad">
                        degraded
                      </Badge>
                    ),
                  ],
                  [
                    "Version",
                    <Said key="version" mono>
                      {version}
                    </Said>,
                  ],
                  ["Stage", <Said key="stage">{stage}</Said>],
                  ...Object.entries(dependencies).map(
                    ([name, state]) =>
                      [
                        visible(name),
                        <Badge key={name} tone={state === "ok" ? "good" : "bad"}>
                          {state === "ok" ? "ok" : "fails"}
                        </Badge>,
                      ] as const,
                  ),
                ]}
              />
            )}
          </Loaded>
        </Panel>
        <Panel title="For programs">
          <div className={styles["form"]}>
            <p className={styles["soft"]}>
              The API is described at <a href="/docs">/docs</a> and as <a href="/openapi.json">OpenAPI</a>. Prometheus
              reads <code>/metrics</code> with a <Link to="/tokens">service token</Link> as a viewer.
            </p>
            <Copy text={`steward login ${globalThis.location.origin}`} label="Copy the command" />
          </div>
        </Panel>
      </div>
      <div className={styles["column"]}>{me.tenantId === undefined ? <WhichTenant /> : <OfTenant />}</div>
    </div>
  );
}

function OfTenant() {
  const fleet = useApi(fleetRoutes.fleetHealth, {}, { every: "background" });
  const actions = useApi(overviewRoutes.listActions, {}, { every: "background" });
  return (
    <>
      <Panel title="Builds that machines run">
        <Loaded
          query={fleet}
          rows={4}
          empty={({ versions }) => versions.length === 0}
          emptyState={<p className={styles["soft"]}>No machine has said yet what it runs.</p>}
        >
          {({ versions, total, asOf }) => (
            <div className={styles["form"]}>
              {versions.map(({ version, nodes }) => (
                <Meter
                  key={version}
                  label={visible(version)}
                  value={nodes}
                  max={total}
                  text={plural(nodes, "machine")}
                />
              ))}
              <p className={styles["soft"]}>
                As of <Moment at={asOf} />. Appliances replace their agent by themselves when a release names another.
              </p>
            </div>
          )}
        </Loaded>
      </Panel>
      <Panel title="Catalogue">
        <Loaded query={actions} rows={2}>
          {({ items }) => (
            <p>
              The release in force has <Link to="/actions">{plural(items.length, "action")}</Link>; appliances run
              nothing that is not in it.
            </p>
          )}
        </Loaded>
      </Panel>
    </>
  );
}
