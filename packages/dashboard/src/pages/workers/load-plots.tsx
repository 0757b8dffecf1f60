import type { Lane } from "@steward/contracts/names";
import { lanes } from "@steward/contracts/names";
import { useSamples } from "../../api/samples.ts";
import type { Tone } from "../../text.ts";
import { Plot } from "../../ui/plot.tsx";
import { laneTitle } from "./lanes.tsx";
import { loadSamples } from "./use-load.ts";
import styles from "./workers.module.css";

const tones: Record<Lane, Tone> = { express: "good", standard: "busy", bulk: "mock" };
const none: (number | null)[] = [];

/** Depth, speed and slots since the tab was opened: the API tells them as they are now. */
export function LoadPlots() {
  const { atMs, values } = useSamples(loadSamples);
  const of = (name: string) => values[name] ?? none;
  const sum = (name: string) =>
    atMs.map((_, at) =>
      lanes.reduce<number | null>((total, lane) => {
        const one = of(`${lane} ${name}`)[at] ?? null;
        return one === null ? total : (total ?? 0) + one;
      }, null),
    );
  const soon = "The first look is on its way.";
  return (
    <div className={styles["plots"]}>
      <Plot
        title="Waiting"
        unit="jobs"
        kind="stack"
        group="load"
        atMs={atMs}
        nothing={soon}
        series={lanes.map((lane) => ({ label: laneTitle(lane), tone: tones[lane], values: of(`${lane} queued`) }))}
      />
      <Plot
        title="Jobs a minute, over a quarter of an hour"
        unit=""
        group="load"
        atMs={atMs}
        nothing={soon}
        series={[
          { label: "Came in", tone: "busy", values: sum("in") },
          { label: "Done", tone: "good", values: sum("done") },
          { label: "Failed", tone: "bad", values: sum("failed") },
        ]}
      />
      <Plot
        title="Slots"
        unit=""
        kind="stack"
        group="load"
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
