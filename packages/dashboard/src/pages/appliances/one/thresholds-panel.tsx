import { alertRoutes } from "@steward/contracts/routes/alerts";
import type { NodeThresholdsView } from "@steward/contracts/thresholds";
import { useState } from "react";
import { useApi, useChange } from "../../../api/use-api.ts";
import { useMe } from "../../../me/use-me.ts";
import { Button } from "../../../ui/button.tsx";
import { TextField } from "../../../ui/fields.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Panel } from "../../../ui/page.tsx";
import { FieldProblems } from "../../../ui/problem.tsx";
import { problemAt } from "./config-draft.ts";
import styles from "./one.module.css";
import { draftOf, thresholdMetrics, thresholdNames, type ThresholdsDraft, thresholdsOf } from "./thresholds-draft.ts";

/** From when on it counts as not healthy. */
export function ThresholdsPanel({ nodeId }: { nodeId: string }) {
  const thresholds = useApi(alertRoutes.getNodeThresholds, { params: { nodeId } }, { every: "background" });
  const { may } = useMe();
  return (
    <Panel
      title="When it is not healthy"
      note="At this value and above, held for two heartbeats. What is left empty is as your organisation has it."
    >
      <Loaded query={thresholds} rows={4}>
        {(view) => (may("operator") ? <Form nodeId={nodeId} view={view} /> : <Shown view={view} />)}
      </Loaded>
    </Panel>
  );
}

const unitOf = (metric: (typeof thresholdMetrics)[number]) => (metric === "loadAverage1m" ? "" : " %");

function Shown({ view: { thresholds, inForce } }: { view: NodeThresholdsView }) {
  return (
    <div className={styles["form"]}>
      {thresholdMetrics.map((metric) => (
        <p key={metric}>
          {thresholdNames[metric]}: warning from {inForce[metric][0]}
          {unitOf(metric)}, critical from {inForce[metric][1]}
          {unitOf(metric)}
          {thresholds[metric] === undefined ? "" : " (its own)"}
        </p>
      ))}
    </div>
  );
}

function Form({ nodeId, view }: { nodeId: string; view: NodeThresholdsView }) {
  const [draft, setDraft] = useState<ThresholdsDraft>();
  const put = useChange(alertRoutes.putNodeThresholds, {
    quiet: true,
    says: "The thresholds count from the next heartbeat on.",
    refreshes: [alertRoutes.getNodeThresholds],
    onDone: () => setDraft(undefined),
  });
  const current = draft ?? draftOf(view.thresholds);
  const read = thresholdsOf(current);
  const isChanged = draft !== undefined && JSON.stringify(draft) !== JSON.stringify(draftOf(view.thresholds));
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (read.thresholds !== undefined && isChanged) void put.run({ params: { nodeId }, body: read.thresholds });
      }}
    >
      <div className={styles["metricRow"]} aria-hidden="true">
        <span />
        <span className={styles["soft"]}>Warning</span>
        <span className={styles["soft"]}>Critical</span>
        <span />
      </div>
      {thresholdMetrics.map((metric) => {
        const [warning, critical] = view.inForce[metric];
        const own = view.thresholds[metric] !== undefined;
        const problem = problemAt(read.problems, metric);
        const field = (bound: "warning" | "critical", inForce: number) => (
          <TextField
            label={`${thresholdNames[metric]}: ${bound}`}
            quietLabel
            value={current[metric][bound]}
            placeholder={own ? "" : String(inForce)}
            onChange={(value) => setDraft({ ...current, [metric]: { ...current[metric], [bound]: value } })}
          />
        );
        return (
          <div key={metric} className={styles["metricRow"]}>
            <span>{thresholdNames[metric]}</span>
            {field("warning", warning)}
            {field("critical", critical)}
            <span className={styles["soft"]} role={problem === undefined ? undefined : "alert"}>
              {problem ?? (own ? "this appliance’s own" : `as everywhere: ${warning} and ${critical}${unitOf(metric)}`)}
            </span>
          </div>
        );
      })}
      <FieldProblems error={put.error} />
      <div className={styles["buttons"]}>
        <Button
          type="submit"
          tone="primary"
          busy={put.isRunning}
          disabled={!isChanged || read.thresholds === undefined}
        >
          Save thresholds
        </Button>
        {isChanged && <Button onClick={() => setDraft(undefined)}>Discard</Button>}
      </div>
    </form>
  );
}
