import { laneQueue, type Lane } from "@steward/contracts/names";
import type { QueueStatus } from "@steward/contracts/queues";
import { Link } from "@tanstack/react-router";
import { useSamples } from "../../api/samples.ts";
import { Badge } from "../../ui/badge.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import { loadSamples } from "./use-load.ts";
import { rateText, secondsText, waitWords } from "./work-text.ts";
import styles from "./workers.module.css";

const laneWords: Record<Lane, { title: string; what: string }> = {
  express: { title: "Express", what: "short answers" },
  standard: { title: "Standard", what: "most plans" },
  bulk: { title: "Bulk", what: "long ones, and what can wait" },
};

export function laneTitle(lane: Lane): string {
  return laneWords[lane].title;
}

/** The three lanes side by side: how deep, how long, how fast. Each leads to its queue. */
export function Lanes({ status }: { status: QueueStatus }) {
  const { values } = useSamples(loadSamples);
  return (
    <ul className={styles["lanes"]}>
      {status.lanes.map((lane) => {
        const { title, what } = laneWords[lane.lane];
        const wait = waitWords(lane.expectedWait);
        const falls = lane.arrivalsPerMinute > lane.donePerMinute * 1.2 && lane.queued > 0;
        return (
          <li key={lane.lane} className={styles["lane"]}>
            <div className={styles["laneHead"]}>
              <h3>
                <Link to="/queues/$queue" params={{ queue: laneQueue(lane.lane) }}>
                  {title}
                </Link>
              </h3>
              <span className={styles["soft"]}>{what}</span>
            </div>
            <div className={styles["laneDepth"]}>
              <span className={styles["big"]}>
                {lane.queued}
                {lane.more ? "+" : ""}
              </span>
              <span className={styles["soft"]}>
                waiting{lane.heldBack > 0 ? `, ${lane.heldBack} held back` : ""}
                <br />
                {lane.inFlight} at work
              </span>
              <span className={styles["grow"]} />
              <Sparkline
                label={`${title}: waiting`}
                values={(values[`${lane.lane} queued`] ?? []).slice(-60)}
                width={88}
                height={28}
              />
            </div>
            <dl className={styles["laneFacts"]}>
              <dt>A new one</dt>
              <dd>
                <Badge tone={wait.tone}>{wait.text}</Badge> <span className={styles["soft"]}>{wait.range}</span>
              </dd>
              <dt>Oldest</dt>
              <dd>
                {lane.oldestQueuedSeconds === undefined ? "nothing waits" : secondsText(lane.oldestQueuedSeconds)}
              </dd>
              <dt>A minute</dt>
              <dd>
                {rateText(lane.arrivalsPerMinute)} in, {rateText(lane.donePerMinute)} done
                {lane.failedPerMinute > 0 ? `, ${rateText(lane.failedPerMinute)} failed` : ""}
                {falls ? <Badge tone="wait">falls behind</Badge> : null}
              </dd>
              <dt>A job takes</dt>
              <dd>{secondsText(lane.serviceSeconds)}</dd>
            </dl>
          </li>
        );
      })}
    </ul>
  );
}
