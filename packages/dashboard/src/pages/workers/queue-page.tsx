import { laneQueue, lanes, queueDefinitions, type QueueName } from "@steward/contracts/names";
import { getRouteApi } from "@tanstack/react-router";
import { useSamples } from "../../api/samples.ts";
import { useMe } from "../../me/use-me.ts";
import { queueTitle } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Plot } from "../../ui/plot.tsx";
import { DeadLetters } from "./dead-letters.tsx";
import { JobsList } from "./jobs-list.tsx";
import { LanePlots } from "./load-plots.tsx";
import { loadSamples, useLoad } from "./use-load.ts";
import { errorText, rateText, secondsText, waitWords } from "./work-text.ts";
import styles from "./workers.module.css";

const page = getRouteApi("/queues/$queue");

/** What each queue holds, for whoever has not built this. */
const purposes: Record<QueueName, string> = {
  "inference-express": "Jobs for models that are soon done: short answers.",
  "inference-standard": "Jobs for models of usual length: most plans.",
  "inference-bulk": "Long jobs for models, and what can wait.",
  escalations: "Jobs that no worker could do well enough, on their way to Claude.",
  rollouts: "Approved plans on their way to appliances, wave by wave.",
  "node-events": "Changes of machines: health, alerts, what they find wrong with themselves.",
  notifications: "Messages to people and their systems.",
};

const none: (number | null)[] = [];

export function QueuePage() {
  const { queue } = page.useParams();
  const { mayStaff } = useMe();
  if (!(queue in queueDefinitions)) {
    return (
      <Page title="Queue">
        <Empty title="There is no queue of this name">
          <Copy text="steward queues ls" />
        </Empty>
      </Page>
    );
  }
  const name = queue as QueueName;
  const isLane = lanes.some((lane) => laneQueue(lane) === name);
  return (
    <Page title={isLane ? `${queueTitle(name)} lane` : queueTitle(name)} lead={purposes[name]} wide>
      <NowIn name={name} />
      {mayStaff("viewer") ? (
        <DeadLetters key={name} queue={name} />
      ) : (
        <Panel title="Dead letters">
          <p>What nobody could work on is of all tenants: the provider’s staff looks after it.</p>
        </Panel>
      )}
    </Page>
  );
}

function NowIn({ name }: { name: QueueName }) {
  const asked = useLoad();
  const { atMs, values } = useSamples(loadSamples);
  const of = (what: string) => values[what] ?? none;
  return (
    <Loaded query={asked} rows={8}>
      {(status) => {
        const lane = status.lanes.find((one) => laneQueue(one.lane) === name);
        const queue = status.queues.find((one) => one.name === name);
        const wait = lane === undefined ? undefined : waitWords(lane.expectedWait);
        const limit = queueDefinitions[name].ageSloSeconds;
        const oldest = lane?.oldestQueuedSeconds ?? queue?.oldestQueuedSeconds;
        const jobs = status.jobs.filter((job) => lane !== undefined && job.lane === lane.lane);
        return (
          <div className={styles["stack"]}>
            <div className={styles["two"]}>
              <Panel title="Now">
                <Facts
                  items={[
                    lane !== undefined && [
                      "Wait",
                      `${lane.queued}${lane.more ? "+" : ""}, of which ${lane.heldBack} are held back`,
                    ],
                    lane !== undefined && ["At work", String(lane.inFlight)],
                    queue !== undefined && ["Messages", `${queue.queued} queued, ${queue.inFlight} in flight`],
                    [
                      "Oldest",
                      oldest === undefined ? (
                        "nothing waits"
                      ) : (
                        <>
                          {secondsText(oldest)}{" "}
                          {oldest > limit ? <Badge tone="bad">above {secondsText(limit)}</Badge> : null}
                        </>
                      ),
                    ],
                    ["Alarm", `when the oldest waits longer than ${secondsText(limit)}`],
                    wait !== undefined && [
                      "A new one",
                      <>
                        <Badge tone={wait.tone}>{wait.text}</Badge> <span className={styles["soft"]}>{wait.range}</span>
                      </>,
                    ],
                    lane !== undefined && [
                      "Came in",
                      `${rateText(lane.arrivalsPerMinute)} a minute, over the last ${status.minutes} minutes`,
                    ],
                    lane !== undefined && [
                      "Done",
                      `${rateText(lane.donePerMinute)} a minute; ${rateText(lane.failedPerMinute)} tries came to nothing`,
                    ],
                    lane !== undefined && [
                      "A job takes",
                      lane.serviceSeconds === undefined ? "nothing has ended" : secondsText(lane.serviceSeconds),
                    ],
                    lane !== undefined && [
                      "It had waited",
                      lane.waitedSeconds === undefined ? "nothing has ended" : secondsText(lane.waitedSeconds),
                    ],
                    lane !== undefined && [
                      "Predicted",
                      lane.predictionErrorSeconds === undefined
                        ? "nothing has ended"
                        : `${secondsText(lane.predictionErrorSeconds)} off, on average${lane.predictionError === undefined ? "" : `; ${errorText(lane.predictionError)}`}`,
                    ],
                    queue !== undefined && [
                      "Dead letters",
                      queue.deadLetters === 0 ? "none" : <Badge tone="bad">{queue.deadLetters}</Badge>,
                    ],
                    ["Given up", `after ${queueDefinitions[name].maxReceiveCount} receives`],
                  ]}
                />
              </Panel>
              <Panel title="How it went" note="Since this tab was opened, an hour at most.">
                <div className={styles["stack"]}>
                  {lane === undefined ? (
                    <Plot
                      title="Messages"
                      unit=""
                      kind="stack"
                      group="queue"
                      atMs={atMs}
                      series={[
                        { label: "In flight", tone: "busy", values: of(`${name} in flight`) },
                        { label: "Queued", tone: "wait", values: of(`${name} queued`) },
                      ]}
                    />
                  ) : (
                    <>
                      <Plot
                        title="Jobs"
                        unit=""
                        kind="stack"
                        group="queue"
                        atMs={atMs}
                        series={[
                          { label: "At work", tone: "busy", values: of(`${lane.lane} at work`) },
                          { label: "Waiting", tone: "wait", values: of(`${lane.lane} queued`) },
                        ]}
                      />
                      <Plot
                        title="Expected wait"
                        unit="s"
                        kind="area"
                        group="queue"
                        height={110}
                        atMs={atMs}
                        series={[{ label: "A new job", tone: "mock", values: of(`${lane.lane} wait`) }]}
                      />
                    </>
                  )}
                </div>
              </Panel>
            </div>
            {lane === undefined && name !== "escalations" ? null : (
              <Panel title="Throughput" note="The last two hours.">
                <LanePlots queue={lane?.lane ?? "escalations"} />
              </Panel>
            )}
            {jobs.length === 0 ? null : (
              <Panel title="Jobs of this tenant in it" flush>
                <JobsList jobs={jobs} />
              </Panel>
            )}
          </div>
        );
      }}
    </Loaded>
  );
}
