import { healthLevels } from "@steward/contracts/heartbeat";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useDeferredValue, useMemo, useSyncExternalStore } from "react";
import type { FleetDot } from "../../fleet/fleet-dot.ts";
import { groupFleet, type Grouping, groupingOf, tagKeysOf } from "../../fleet/group-fleet.ts";
import { useFleet } from "../../fleet/use-fleet.ts";
import { useMe } from "../../me/use-me.ts";
import { healthTerms, plural } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { downloadBlob, fileName } from "../../ui/exports.ts";
import { SearchField, SelectField } from "../../ui/fields.tsx";
import { Loaded, Skeleton } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { toast } from "../../ui/toast.tsx";
import { useQueues } from "../overview/use-overview.ts";
import type { TopologySearch } from "./route.ts";
import { topologyGraph } from "./topology-graph.ts";
import { TopologyTable } from "./topology-table.tsx";
import styles from "./topology.module.css";

const TopologyMap = lazy(async () => ({ default: (await import("./topology-map.tsx")).TopologyMap }));
const route = getRouteApi("/topology");
const noLanes: never[] = [];
/** On a phone the graph would be too small to be read. */
const narrow = matchMedia("(max-width: 40rem)");
const seesNarrow = () => narrow.matches;
function watchNarrow(listener: () => void): () => void {
  narrow.addEventListener("change", listener);
  return () => narrow.removeEventListener("change", listener);
}

/** Where machines stand, what is behind what, and who works for them. */
export function TopologyPage() {
  const { tenantId, tenants } = useMe();
  const search: TopologySearch = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (next: TopologySearch) =>
      void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false }),
    [navigate],
  );
  const fleet = useFleet();
  const isNarrow = useSyncExternalStore(watchNarrow, seesNarrow);
  const queues = useQueues();
  const by = groupingOf(search.group, tenantId === undefined ? "tenant" : "tag:site");
  const names = useMemo(() => new Map(tenants.map(({ id, name }) => [id, name])), [tenants]);
  // Workers stand on the other side.
  const appliances = useMemo(() => fleet.dots.filter(({ kind }) => kind === "appliance"), [fleet.dots]);
  const groups = useMemo(() => groupFleet(appliances, by, (id) => names.get(id) ?? id), [appliances, by, names]);
  const keys = useMemo(() => tagKeysOf(appliances).slice(0, 10), [appliances]);
  const gateways = useMemo(() => (by === "tag:gateway" ? gatewaysIn(appliances) : undefined), [by, appliances]);
  const q = useDeferredValue(search.q ?? "");
  const status = queues.query.data;
  const graph = useMemo(
    () =>
      topologyGraph({
        groups,
        open: search.unfold,
        q,
        lanes: status?.lanes ?? noLanes,
        workers: status?.workers ?? noLanes,
        ...(gateways === undefined ? {} : { gateways }),
      }),
    [groups, search.unfold, q, status, gateways],
  );
  const listOf = useCallback(
    (group: string): object | undefined => {
      if (by === "tenant") return { tenant: group };
      if (by === "health") return { health: group };
      if (by.startsWith("tag:")) return group === "" ? undefined : { tag: `${by.slice(4)}:${group}` };
      return {};
    },
    [by],
  );
  const does = useMemo(
    () => ({ unfold: (unfold: string | undefined) => change({ unfold }), listOf }),
    [change, listOf],
  );
  const options: { value: Grouping; label: string }[] = [
    ...(tenantId === undefined ? [{ value: "tenant" as const, label: "Tenants" }] : []),
    ...keys.map((key) => ({ value: `tag:${key}` as const, label: `Tag ${key}` })),
    { value: "health", label: "Health" },
  ];
  if (!options.some(({ value }) => value === by))
    options.unshift({ value: by, label: `Tag ${by.replace("tag:", "")}` });
  const as = search.as ?? (isNarrow ? "table" : "map");
  const what = options.find(({ value }) => value === by)?.label ?? "Group";
  const save = async () => {
    // Only whoever presses needs what draws it.
    const { topologyPicture } = await import("./topology-picture.ts");
    const picture = await topologyPicture(graph, document.body);
    if (picture === undefined) toast.say("This browser makes no picture of it");
    else downloadBlob(fileName("topology", "png", new Date()), picture);
  };
  return (
    <Page
      wide
      title="Topology"
      lead="Where machines stand, how each group of them is, and the lanes and workers that think for them."
    >
      <div className={styles["tools"]}>
        <SearchField
          label="Find in the topology"
          value={search.q ?? ""}
          onChange={(text) => change({ q: text === "" ? undefined : text })}
        />
        <SelectField<Grouping>
          label="Group by"
          quietLabel
          value={by}
          options={options}
          onChange={(group) => change({ group, unfold: undefined })}
        />
        <Button icon="download" onClick={() => void save()} disabled={appliances.length === 0}>
          Picture
        </Button>
        <p className={styles["soft"]} role="status">
          {fleet.data === undefined
            ? ""
            : graph.found === undefined
              ? plural(appliances.length, "appliance")
              : `${plural(graph.found, "machine")} found`}
          {fleet.isGrowing ? ", and more are being read…" : ""}
        </p>
      </div>
      <Tabs<"map" | "table">
        label="Shown as"
        value={as}
        onChange={(next) => change({ as: next })}
        tabs={[
          { id: "map", label: "Graph" },
          { id: "table", label: "Table" },
        ]}
      >
        <Loaded query={fleet} rows={10} empty={() => appliances.length === 0} emptyState={<NoAppliance />}>
          {() =>
            as === "table" ? (
              <TopologyTable groups={groups} what={what} listOf={listOf} />
            ) : (
              <>
                <Suspense fallback={<Skeleton rows={10} />}>
                  <TopologyMap graph={graph} does={does} q={q} open={search.unfold} />
                </Suspense>
                <ul className={styles["legend"]} aria-label="Legend">
                  {healthLevels.map((level) => (
                    <li key={level}>
                      <span className={styles[`${level}Sign`]} aria-hidden="true" /> {healthTerms[level].text}
                    </li>
                  ))}
                  <li>
                    <span className={styles["busyLine"]} aria-hidden="true" /> work goes this way now
                  </li>
                </ul>
              </>
            )
          }
        </Loaded>
      </Tabs>
    </Page>
  );
}

/** Gateways by what machines behind them call them: name or id. */
function gatewaysIn(dots: readonly FleetDot[]): Map<string, FleetDot> {
  return new Map(dots.flatMap((dot) => [[dot.name, dot] as const, [dot.id, dot] as const]));
}

function NoAppliance() {
  return (
    <Empty title="Nothing stands here yet">
      <p>
        Appliances appear as soon as they have enrolled. Give them tags (site:berlin, gateway:router-1), and they are
        grouped by them.
      </p>
      <p>
        In a terminal: <Copy text="steward nodes tag attic --add site:berlin" label="Copy the command" />
      </p>
    </Empty>
  );
}
