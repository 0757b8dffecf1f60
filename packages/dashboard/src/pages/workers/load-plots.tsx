import { type Lane, lanes } from "@steward/contracts/names";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { useMemo } from "react";
import { useSamples } from "../../api/samples.ts";
import { useApi } from "../../api/use-api.ts";
import type { Tone } from "../../text.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Plot } from "../../ui/plot.tsx";
import { laneSeries } from "./lane-series.ts";
import { laneTitle } from "./lanes.tsx";
import { loadSamples, useWhose } from "./use-load.ts";
import styles from "./workers.module.css";

const tones: Record<Lane, Tone> = { express: "good", standard: "busy", bulk: "mock" };
const none: (number | null)[] = [];
const soon = "The first look is on its way.";

/** Of one queue, or of all lanes and Claude's queue together: what came and went in the last two hours. */
export function LanePlots({ queue, height = 140 }: { queue?: Lane | "escalations"; height?: number }) {
  const asked = useApi(queueRoutes.laneHistory, {}, { every: "background", ...useWhose() });
  const { data } = asked;
  const plots = useMemo(
    () => (data === undefined ? undefined : laneSeries(data, (one) => queue === undefined || one === queue)),
    [data, queue],
  );
  const group = `lane ${queue ?? "all"}`;
  return (
    <Loaded query={asked} rows={3}>
      {() =>
        plots === undefined ? null : (
          <div className={styles["plots"]}>
            <Plot
              title="Jobs, minute by minute"
              unit=""
              group={group}
              height={height}
              atMs={plots.atMs}
              series={[
                { label: "Came in", tone: "busy", values: plots.arrivals },
                { label: "Done", tone: "good", values: plots.done },
                { label: "Tries without a good answer", tone: "bad", values: plots.failed },
              ]}
            />
            <Plot
              title="How long they waited and took"
              unit="s"
              group={group}
              height={height}
              atMs={plots.atMs}
              nothing="No job has ended in the last two hours."
              series={[
                { label: "Waited", tone: "wait", values: plots.waitedSeconds },
                { label: "Took", tone: "mock", values: plots.serviceSeconds },
              ]}
            />
            <Plot
              title="Tokens a minute"
              unit=""
              kind="area"
              group={group}
              height={height}
              atMs={plots.atMs}
              series={[{ label: "Written by models", tone: "good", values: plots.tokens }]}
            />
          </div>
        )
      }
    </Loaded>
  );
}

/** Depth and slots, which the API only tells as they are now: since the tab was opened. */
export function LoadPlots() {
  const { atMs, values } = useSamples(loadSamples);
  const of = (name: string) => values[name] ?? none;
  return (
    <div className={styles["plots"]}>
      <Plot
        title="Waiting"
        unit="jobs"
        kind="stack"
        group="load"
        height={110}
        atMs={atMs}
        nothing={soon}
        series={lanes.map((lane) => ({ label: laneTitle(lane), tone: tones[lane], values: of(`${lane} queued`) }))}
      />
      <Plot
        title="Slots"
        unit=""
        kind="stack"
        group="load"
        height={110}
        atMs={atMs}
        nothing={soon}
        series={[
          { label: "At work", tone: "busy", values: of("busy") },
          { label: "Free", tone: "good", values: of("free") },
          { label: "Closed", tone: "still", values: of("closed") },
        ]}
      />
    </div>
  );
}
