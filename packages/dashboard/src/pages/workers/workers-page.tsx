import { getRouteApi } from "@tanstack/react-router";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Distribution } from "./distribution.tsx";
import { EnrolWorker } from "./enrol-worker.tsx";
import { JobsList } from "./jobs-list.tsx";
import { Lanes } from "./lanes.tsx";
import { LanePlots, LoadPlots } from "./load-plots.tsx";
import { QueuesList } from "./queues-list.tsx";
import { Recommend } from "./recommend.tsx";
import { Slots } from "./slots.tsx";
import { useLoad } from "./use-load.ts";
import { slotsTotal, slotsWords } from "./work-text.ts";
import { WorkersList } from "./workers-list.tsx";
import styles from "./workers.module.css";

const page = getRouteApi("/workers");

export function WorkersPage() {
  const { tab = "now", enrol = false } = page.useSearch();
  const navigate = page.useNavigate();
  const { mayStaff } = useMe();
  const showEnrol = (show: boolean) =>
    void navigate({ search: (before) => ({ ...before, enrol: show ? (true as const) : undefined }) });
  return (
    <Page
      title="Workers & queues"
      lead="Machines that run models, what waits for them, and what nobody could work on."
      wide
      actions={
        mayStaff("admin") ? (
          <Button tone="primary" icon="add" onClick={() => showEnrol(true)}>
            Enrol a worker
          </Button>
        ) : undefined
      }
    >
      <Tabs
        label="Workers and queues"
        value={tab}
        onChange={(next) =>
          void navigate({ search: (before) => ({ ...before, tab: next === "now" ? undefined : next }) })
        }
        tabs={[
          { id: "now", label: "Now" },
          { id: "distribution", label: "Where work ran" },
          { id: "recommend", label: "Who would do it" },
        ]}
      >
        {tab === "now" ? <Now /> : tab === "distribution" ? <Distribution /> : <Recommend />}
      </Tabs>
      {mayStaff("admin") ? <EnrolWorker open={enrol} onOpenChange={showEnrol} /> : null}
    </Page>
  );
}

function Now() {
  const status = useLoad();
  return (
    <Loaded query={status} rows={8}>
      {(data) => {
        const total = slotsTotal(data.workers);
        return (
          <div className={styles["stack"]}>
            <h2 className="heard">Lanes</h2>
            <Lanes status={data} />
            <Panel title="Throughput" note="All lanes and Claude’s queue together, the last two hours.">
              <LanePlots />
            </Panel>
            <Panel title="Depth and slots" note="Since this tab was opened, an hour at most.">
              <LoadPlots />
            </Panel>
            <Panel
              title="Workers"
              flush
              note={total.total === 0 ? undefined : slotsWords(total)}
              actions={total.total === 0 ? undefined : <Slots {...total} />}
            >
              <WorkersList status={data} />
            </Panel>
            <div className={styles["two"]}>
              <Panel title="Queues" flush note="As SQS counts: about so many, a moment ago.">
                <QueuesList queues={data.queues} />
              </Panel>
              <Panel title="Jobs of this tenant" flush={data.jobs.length > 0}>
                {data.jobs.length === 0 ? (
                  <Empty title="No job waits or runs">A request that needs a model is here while it does.</Empty>
                ) : (
                  <JobsList jobs={data.jobs} />
                )}
              </Panel>
            </div>
          </div>
        );
      }}
    </Loaded>
  );
}
