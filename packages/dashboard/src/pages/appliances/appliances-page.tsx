import { fleetRoutes } from "@steward/contracts/routes/fleet";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useDeferredValue, useMemo, useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { DataTable, type TableView } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Progress } from "../../ui/meter.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { BulkBar } from "./list/bulk-bar.tsx";
import { byName, nodeColumns } from "./list/columns.tsx";
import { EnrollDialog } from "./list/enroll-dialog.tsx";
import { Filters, HealthChips } from "./list/filters.tsx";
import styles from "./list/list.module.css";
import { choiceOf, chosen, facetsOf, type NodeChoice } from "./list/node-choice.ts";
import { type LiveNodes, useAskBeside, useNodeList } from "./list/use-node-list.ts";

const route = getRouteApi("/appliances");

export function AppliancesPage() {
  const { may, tenantId } = useMe();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const enroll = (open: boolean) =>
    void navigate({ search: ({ enroll: _was, ...rest }) => (open ? { ...rest, enroll: true } : rest), replace: true });
  return (
    <Page
      title="Appliances"
      wide
      lead="The home servers: how they are, and what to do about it."
      actions={
        may("admin") &&
        tenantId !== undefined && (
          <Button tone="primary" icon="add" onClick={() => enroll(true)}>
            Add an appliance
          </Button>
        )
      }
    >
      <ForTenant>
        <All onEnroll={() => enroll(true)} />
      </ForTenant>
      {may("admin") && tenantId !== undefined && search.enroll === true && (
        <EnrollDialog onClose={() => enroll(false)} />
      )}
    </Page>
  );
}

function All({ onEnroll }: { onEnroll: () => void }) {
  const nodes = useNodeList();
  return (
    <Loaded query={{ ...nodes, data: nodes.loadedAtMs === undefined ? undefined : nodes }} rows={12}>
      {(live) => <Fleet live={live} onEnroll={onEnroll} />}
    </Loaded>
  );
}

/** While they come, how many of how many; a count that is a minute old is good enough for that. */
function HowMany({ nodes: { nodes, isWhole, loadedAtMs } }: { nodes: LiveNodes }) {
  const isPart = loadedAtMs !== undefined && !isWhole;
  const { data } = useApi(fleetRoutes.fleetHealth, {}, { enabled: isPart, every: "once" });
  if (!isPart) return null;
  const { appliance: counts } = data?.byKind ?? {};
  const total = counts === undefined ? undefined : Object.values(counts).reduce((sum, count) => sum + count, 0);
  const number = (count: number) => count.toLocaleString("en");
  return (
    <span className={styles["loading"]} role="status">
      Loaded {number(nodes.length)}
      {total === undefined ? "" : ` of ${number(total)}`}
      <Progress
        label="Loading all appliances"
        value={nodes.length}
        max={Math.max(nodes.length, total ?? nodes.length * 2)}
      />
    </span>
  );
}

function Fleet({ live, onEnroll }: { live: LiveNodes; onEnroll: () => void }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { may } = useMe();
  const choice = useMemo(() => choiceOf({ ...search }), [search]);
  useAskBeside(live, choice);
  // Heartbeats come in all the time: whoever types or scrolls goes first.
  const nodes = useDeferredValue(live.nodes);
  // Of certificates it is days that count: what is worked out for all stays so for a minute.
  const nowMs = Math.floor((live.loadedAtMs ?? 0) / 60_000) * 60_000;
  const facets = useMemo(() => facetsOf(nodes, nowMs), [nodes, nowMs]);
  const rows = useMemo(() => {
    // The table searches by itself, with each letter and before the address knows.
    const { q: _q, ...rest } = choice;
    return byName(chosen(nodes, rest, nowMs));
  }, [nodes, choice, nowMs]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const ids = useMemo(() => {
    const there = new Set(nodes.map(({ id }) => id));
    return new Set([...selected].filter((id) => there.has(id)));
  }, [nodes, selected]);
  const choose = useCallback(
    (change: { [Name in keyof NodeChoice]?: NodeChoice[Name] | undefined }) =>
      void navigate({ search: (before) => present({ ...before, ...change }), replace: true }),
    [navigate],
  );
  const onView = useCallback(
    ({ q, sort, columns }: TableView) =>
      void navigate({ search: (before) => present({ ...before, q, sort, columns }), replace: true }),
    [navigate],
  );
  const view = useMemo<TableView>(
    () => present({ q: search.q, sort: search.sort, columns: search.columns }),
    [search.q, search.sort, search.columns],
  );
  if (live.isWhole && nodes.length === 0 && live.nodes.length === 0) return <None onEnroll={onEnroll} />;
  return (
    <>
      <div className={styles["top"]}>
        <HealthChips
          facets={facets.health}
          total={nodes.length}
          chosen={choice.health}
          onChoose={(health) => choose({ health })}
        />
        <HowMany nodes={live} />
      </div>
      <Panel flush>
        <DataTable
          name="appliances"
          columns={nodeColumns}
          rows={rows}
          rowId={(node) => node.id}
          rowTo={(node) => ({ to: "/appliances/$nodeId", params: { nodeId: node.id } })}
          {...(may("operator") ? { selection: { ids, onChange: setSelected } } : {})}
          toolbar={<Filters facets={facets} choice={choice} onChoose={choose} />}
          view={view}
          onView={onView}
          hasMore={!live.isWhole}
          empty={
            <Empty
              title="No appliance is like that"
              action={
                <Button
                  onClick={() => choose({ health: undefined, tag: undefined, version: undefined, note: undefined })}
                >
                  Show all of them
                </Button>
              }
            >
              {live.isWhole ? "Take a filter away, and they are back." : "Not all of them are loaded yet."}
            </Empty>
          }
        />
      </Panel>
      {ids.size > 0 && <BulkBar ids={ids} live={live} choice={choice} onClear={() => setSelected(new Set())} />}
    </>
  );
}

/** Without what is not chosen: it does not stand in the address. */
function present<T extends object>(search: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const entries = Object.entries(search).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(entries) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

function None({ onEnroll }: { onEnroll: () => void }) {
  const { may } = useMe();
  return (
    <Panel>
      <Empty
        title="No appliances yet"
        action={
          may("admin") ? (
            <Button tone="primary" icon="add" onClick={onEnroll}>
              Add the first one
            </Button>
          ) : undefined
        }
      >
        <p>
          An appliance is a home server with Steward’s agent on it. It tells how it is once a minute, and carries out
          what you have approved.
        </p>
        {may("admin") ? <Copy text="steward appliances enroll nas-1 --tag site:berlin" /> : <p>An admin adds them.</p>}
      </Empty>
    </Panel>
  );
}
