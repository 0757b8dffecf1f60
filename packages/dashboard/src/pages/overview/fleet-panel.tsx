import { healthLevels } from "@steward/contracts/heartbeat";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { causeText } from "../../fleet/cause-text.ts";
import { byUrgency, countHealth, type FleetDot } from "../../fleet/fleet-dot.ts";
import { FleetMap } from "../../fleet/fleet-map.tsx";
import { groupFleet, type Grouping, groupingOf, tagKeysOf } from "../../fleet/group-fleet.ts";
import type { FleetState } from "../../fleet/use-fleet.ts";
import { useMe } from "../../me/use-me.ts";
import { healthTerms, plural } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./overview.module.css";

const mostListed = 8;
const signs = {
  healthy: "signHealthy",
  warning: "signWarning",
  critical: "signCritical",
  offline: "signOffline",
} as const;

/** The fleet as a map, and beside it in words those that are not well. */
export function FleetPanel({ fleet }: { fleet: FleetState }) {
  const { tenantId, tenants } = useMe();
  const search = useSearch({ strict: false }) as { group?: string };
  const navigate = useNavigate();
  const by = groupingOf(search.group, tenantId === undefined ? "tenant" : "tag:site");
  const names = useMemo(() => new Map(tenants.map(({ id, name }) => [id, name])), [tenants]);
  const { dots } = fleet;
  const keys = useMemo(() => tagKeysOf(dots).slice(0, 8), [dots]);
  const groups = useMemo(() => groupFleet(dots, by, (id) => names.get(id) ?? id), [dots, by, names]);
  const counts = useMemo(() => countHealth(dots), [dots]);
  const unwell = useMemo(() => dots.filter(({ health }) => health !== "healthy").sort(byUrgency), [dots]);
  const options: { value: Grouping; label: string }[] = [
    ...(tenantId === undefined ? [{ value: "tenant" as const, label: "by tenant" }] : []),
    ...keys.map((key) => ({ value: `tag:${key}` as const, label: `by ${key}` })),
    { value: "health", label: "by health" },
    { value: "kind", label: "by kind" },
    { value: "all", label: "all together" },
  ];
  // A tag that nobody has any more is still what the address says.
  if (!options.some(({ value }) => value === by)) options.unshift({ value: by, label: `by ${by.replace("tag:", "")}` });
  return (
    <Panel
      title="Fleet"
      note={
        fleet.data === undefined
          ? " "
          : `${plural(dots.length, "machine")}${fleet.isGrowing ? ", and more are being read…" : ""}`
      }
      actions={
        <SelectField<Grouping>
          label="Group the fleet"
          quietLabel
          value={by}
          options={options}
          onChange={(value) =>
            void navigate({
              to: ".",
              search: ((before: object) => ({ ...before, group: value })) as never,
              replace: true,
              resetScroll: false,
            })
          }
        />
      }
    >
      <div className={styles["fleetBox"]}>
        <Loaded query={fleet} rows={8} empty={(all) => all.length === 0} emptyState={<NoFleet />}>
          {() => (
            <div className={styles["fleet"]}>
              <div className={styles["mapSide"]}>
                <FleetMap groups={groups} label={`Map of ${plural(dots.length, "machine")}`} />
                <ul className={styles["legend"]} aria-label="Legend">
                  {healthLevels.map((level) => (
                    <li key={level}>
                      <span className={styles[signs[level]]} aria-hidden="true" />
                      {healthTerms[level].text} {counts[level]}
                    </li>
                  ))}
                </ul>
              </div>
              <div className={styles["unwell"]}>
                <h3>{unwell.length === 0 ? "All are well" : `Not well: ${unwell.length}`}</h3>
                <ul>
                  {unwell.slice(0, mostListed).map((dot) => (
                    <Unwell
                      key={dot.id}
                      dot={dot}
                      tenant={tenantId === undefined ? names.get(dot.tenantId) : undefined}
                    />
                  ))}
                </ul>
                {unwell.length > mostListed ? (
                  <Link to="/appliances" search={{ sort: "health" } as never}>
                    {unwell.length - mostListed} more
                  </Link>
                ) : null}
              </div>
            </div>
          )}
        </Loaded>
      </div>
    </Panel>
  );
}

function Unwell({ dot, tenant }: { dot: FleetDot; tenant: string | undefined }) {
  const to = dot.kind === "worker" ? "/workers/$nodeId" : "/appliances/$nodeId";
  const [cause] = dot.causes ?? [];
  return (
    <li>
      <Status of={healthTerms[dot.health]} />
      <span className={styles["who"]}>
        <Link to={to} params={{ nodeId: dot.id }} search={{ tenant: dot.tenantId } as never}>
          <Said>{dot.name}</Said>
        </Link>
        <span className={styles["soft"]}>
          {cause === undefined || dot.health === "offline" ? null : `${causeText(cause, dot.metrics)}, `}
          {dot.health === "offline" && dot.lastSeenAt !== undefined ? (
            <>
              heard <Moment at={dot.lastSeenAt} />
            </>
          ) : dot.healthSince === undefined ? null : (
            <>
              since <Moment at={dot.healthSince} />
            </>
          )}
          {tenant === undefined ? null : (
            <>
              {" · "}
              <Said>{tenant}</Said>
            </>
          )}
        </span>
      </span>
    </li>
  );
}

function NoFleet() {
  return (
    <Empty title="No machine yet">
      <p>An appliance is here as soon as it has enrolled: make a token for it, and give it to its installer.</p>
      <p>
        In a terminal: <Copy text="steward appliances enroll attic" label="Copy the command" />
      </p>
    </Empty>
  );
}
