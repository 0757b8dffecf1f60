import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { graphOf, titleOf } from "./flow-graph.ts";
import { Durations, FlowPlots } from "./flow-plots.tsx";
import { FlowTasks } from "./flow-tasks.tsx";
import styles from "./flow.module.css";
import { Sankey } from "./sankey.tsx";
import { onTheWay, Stages } from "./stages.tsx";
import { UnderWay } from "./stuck.tsx";
import { recentCount, useRecent, useStages } from "./use-recent.ts";

const page = getRouteApi("/flow");

export function FlowPage() {
  return (
    <Page title="Flow" lead="The ways of requests: where they are now, what became of them, and what is stuck." wide>
      <ForTenant>
        <Now />
        <UnderWay />
        <Ways />
      </ForTenant>
    </Page>
  );
}

function Now() {
  const stages = useStages();
  const recent = useRecent();
  return (
    <Panel title="On their way now">
      <Loaded query={stages} rows={3}>
        {(flow) => <Stages flow={flow} recent={recent.data?.items ?? []} />}
      </Loaded>
    </Panel>
  );
}

function Ways() {
  const { at } = page.useSearch();
  const navigate = page.useNavigate();
  const recent = useRecent();
  const items = recent.data?.items;
  const graph = useMemo(() => graphOf(items ?? []), [items]);
  // What has not moved for longest comes first: that is what somebody should look at.
  const ordered = useMemo(() => {
    const open = onTheWay(items ?? []);
    return [...open, ...(items ?? []).filter((task) => !open.includes(task))];
  }, [items]);
  const choose = (next: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, at: next }), replace: true, resetScroll: false });
  const what = at
    ?.split(">")
    .map((id) => titleOf(id).title)
    .join(" → ");
  return (
    <Loaded
      query={recent}
      rows={8}
      empty={(answer) => answer.items.length === 0}
      emptyState={
        <Panel title="What became of them">
          <Empty title="Nothing has been asked for yet">
            <p>Each request is a line here: who understood it, what the gate said, and how it ended.</p>
            <Copy text={'steward ask "add user john" --on all'} />
          </Empty>
        </Panel>
      }
    >
      {(answer) => (
        <div className={styles["stack"]}>
          <Panel
            title="What became of them"
            note={
              answer.cursor === undefined
                ? "All requests so far. Press a station to see its requests."
                : `The newest ${recentCount} requests. Press a station to see its requests.`
            }
          >
            <Sankey graph={graph} at={at} onAt={choose} />
          </Panel>
          <Panel title="Over time">
            <FlowPlots tasks={answer.items} nowMs={recent.dataUpdatedAt} />
          </Panel>
          <Panel
            title="How long they took"
            note="From the request to its end, with the time that people thought about it."
          >
            <Durations tasks={answer.items} />
          </Panel>
          <Panel
            title={what === undefined ? "These requests" : what}
            note={at === undefined ? "What is on its way comes first, the longest without a move on top." : undefined}
            flush
            actions={
              at === undefined ? undefined : (
                <Button icon="close" onClick={() => choose(undefined)}>
                  Show all
                </Button>
              )
            }
          >
            <FlowTasks tasks={ordered} at={at} />
          </Panel>
        </div>
      )}
    </Loaded>
  );
}
