import type { LaneView } from "@steward/contracts/queues";
import { Link } from "@tanstack/react-router";
import { healthTerms, queueTitle, spanText, termOf, visible } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { LinkButton } from "../../ui/button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { Sparkline } from "../../ui/sparkline.tsx";
import styles from "./overview.module.css";
import { waitText } from "./sums.ts";
import type { useQueues } from "./use-overview.ts";

/** Where requests wait for models, drawn live, and who works on them. */
export function LanesPanel({ queues }: { queues: ReturnType<typeof useQueues> }) {
  const dead = queues.query.data?.queues.filter(({ deadLetters }) => deadLetters > 0) ?? [];
  return (
    <Panel
      title="Lanes and workers"
      note="Everybody's requests to models, as they come and go"
      actions={
        <LinkButton tone="quiet" to="/workers">
          Workers & queues
        </LinkButton>
      }
    >
      <Loaded query={queues.query} rows={6}>
        {({ lanes, workers }) => (
          <div className={styles["lanes"]}>
            <div className={styles["laneRows"]}>
              {lanes.map((lane) => (
                <Lane
                  key={lane.lane}
                  lane={lane}
                  values={(queues.samples[lane.lane] ?? []).map(({ queued, inFlight }) => queued + inFlight)}
                />
              ))}
            </div>
            {dead.length === 0 ? null : (
              <p className={styles["dead"]}>
                <Badge tone="bad">dead letters</Badge>{" "}
                {dead.map(({ name, deadLetters }) => (
                  <Link key={name} to="/queues/$queue" params={{ queue: name }}>
                    {queueTitle(name)}: {deadLetters}
                  </Link>
                ))}
              </p>
            )}
            <ul className={styles["workers"]} aria-label="Workers">
              {workers.map((worker) => (
                <li key={worker.id}>
                  <span className={styles["workerName"]}>
                    <Said>{worker.name}</Said>
                    <Status
                      of={
                        worker.draining === true
                          ? { text: "draining", tone: "wait" }
                          : termOf(healthTerms, worker.health)
                      }
                    />
                  </span>
                  <Slots used={worker.used} slots={worker.slots} name={worker.name} />
                  <span className={styles["soft"]}>
                    <Said>{worker.models.join(", ")}</Said>
                    {worker.pulling === undefined ? null : (
                      <>
                        {worker.models.length === 0 ? "" : ", "}fetches <Said>{worker.pulling.model}</Said>{" "}
                        {Math.floor(worker.pulling.percent)} %
                      </>
                    )}
                  </span>
                </li>
              ))}
            </ul>
            {workers.length === 0 ? (
              <p>No worker is alive: requests to models wait, or go to Claude. In a terminal: steward workers enroll</p>
            ) : null}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function Lane({ lane, values }: { lane: LaneView; values: number[] }) {
  const { expectedWait, queued, more, inFlight, heldBack, donePerMinute } = lane;
  return (
    <div className={styles["lane"]}>
      <div>
        <strong className={styles["laneName"]}>{lane.lane}</strong>
        <p className={styles["soft"]}>{waitText(expectedWait, spanText)}</p>
      </div>
      <Sparkline
        label={`Requests in the lane ${lane.lane}, as seen since this page was opened`}
        values={values}
        width={220}
        height={32}
      />
      <p className={styles["laneNumbers"]}>
        <strong>
          {queued}
          {more ? "+" : ""}
        </strong>{" "}
        wait{heldBack > 0 ? ` (${heldBack} held)` : ""} · <strong>{inFlight}</strong> at work ·{" "}
        {donePerMinute < 10 ? donePerMinute.toFixed(1) : Math.round(donePerMinute)}/min
      </p>
    </div>
  );
}

/** More than a row of boxes would be a wall: then the number speaks. */
const mostBoxes = 16;

function Slots({ used, slots, name }: { used: number; slots: number; name: string }) {
  const label = `${visible(name)}: ${used} of ${slots} slots at work`;
  return (
    <span className={styles["slots"]} role="img" aria-label={label} title={label}>
      {slots > mostBoxes
        ? null
        : Array.from({ length: slots }, (_, at) => (
            <span key={at} className={at < used ? styles["slotUsed"] : styles["slot"]} />
          ))}
      <span aria-hidden="true">
        {used}/{slots}
      </span>
    </span>
  );
}
