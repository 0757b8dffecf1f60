import { flowStages } from "@steward/contracts/fleet";
import type { TaskView } from "@steward/contracts/task";
import type { TaskStatus } from "@steward/contracts/states";
import { useMemo } from "react";
import { useSamples } from "../../api/samples.ts";
import { spanText, taskTerms, termOf, type Tone } from "../../text.ts";
import { Facts } from "../../ui/facts.tsx";
import { Plot } from "../../ui/plot.tsx";
import styles from "./flow.module.css";
import { overTime, spans, stepText } from "./over-time.ts";
import { useFlowSamples } from "./use-recent.ts";

const tones: Record<string, Tone> = {
  queued: "still",
  thinking: "busy",
  needs_input: "mock",
  awaiting_approval: "wait",
  running: "good",
  cancelling: "bad",
};

/** When requests came and what became of them; and the stages, as they were seen here. */
export function FlowPlots({ tasks, nowMs }: { tasks: readonly TaskView[]; nowMs: number }) {
  const { atMs, values } = useSamples(useFlowSamples());
  const came = useMemo(() => overTime(tasks, nowMs), [tasks, nowMs]);
  return (
    <div className={styles["two"]}>
      <Plot
        title={`Requests, in steps of ${stepText(came.stepMs)}`}
        unit=""
        kind="stack"
        atMs={came.atMs}
        series={[
          { label: "Went well", tone: "good", values: came.well },
          { label: "Failed", tone: "bad", values: came.badly },
          { label: "Rejected or over", tone: "still", values: came.otherwise },
          { label: "On their way", tone: "busy", values: came.open },
        ]}
      />
      <Plot
        title="In the stages, since this tab was opened"
        unit=""
        kind="stack"
        atMs={atMs}
        nothing="The first look is on its way."
        series={flowStages.map((stage) => ({
          label: termOf(taskTerms, stage as TaskStatus).text,
          tone: tones[stage] ?? "still",
          values: values[stage] ?? [],
        }))}
      />
    </div>
  );
}

/** How long requests take to their end. */
export function Durations({ tasks }: { tasks: readonly TaskView[] }) {
  const rows = [
    ["Questions", tasks.filter(({ kind }) => kind === "support")],
    ["Wishes in words", tasks.filter(({ kind, instruction }) => kind === "action" && instruction !== undefined)],
    ["Named actions", tasks.filter(({ kind, instruction }) => kind === "action" && instruction === undefined)],
    ["That needed a yes", tasks.filter(({ approval }) => approval !== undefined)],
  ] as const;
  return (
    <Facts
      items={rows.map(([label, some]): [string, string] => {
        const took = spans(some);
        return [
          label,
          took === undefined
            ? "none has ended"
            : `half within ${spanText(took.p50)}, nine of ten within ${spanText(took.p90)}, of ${took.count}`,
        ];
      })}
    />
  );
}
