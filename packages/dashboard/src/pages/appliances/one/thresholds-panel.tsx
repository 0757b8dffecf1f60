import { alertRoutes } from "@steward/contracts/routes/alerts";
import type { NodeThresholdsView } from "@steward/contracts/thresholds";
import { useState } from "react";
import { useApi, useChange } from "../../../api/use-api.ts";
import { useMe } from "../../../me/use-me.ts";
import { draftOf, isChanged, isFine, thresholdsOf } from "../../../thresholds/threshold-draft.ts";
import { ThresholdFields } from "../../../thresholds/threshold-fields.tsx";
import { Button } from "../../../ui/button.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Panel } from "../../../ui/page.tsx";
import { FieldProblems } from "../../../ui/problem.tsx";
import styles from "./one.module.css";

/** From when on it counts as not healthy. */
export function ThresholdsPanel({ nodeId }: { nodeId: string }) {
  const thresholds = useApi(alertRoutes.getNodeThresholds, { params: { nodeId } }, { every: "background" });
  return (
    <Panel title="When it is not healthy" note="At this value and above, held for two heartbeats.">
      <Loaded query={thresholds} rows={4}>
        {(view) => <Form key={JSON.stringify(view.thresholds)} nodeId={nodeId} view={view} />}
      </Loaded>
    </Panel>
  );
}

function Form({ nodeId, view }: { nodeId: string; view: NodeThresholdsView }) {
  const mayChange = useMe().may("operator");
  const [draft, setDraft] = useState(() => draftOf(view.thresholds));
  const put = useChange(alertRoutes.putNodeThresholds, {
    quiet: true,
    says: "The thresholds count from the next heartbeat on.",
    refreshes: [alertRoutes.getNodeThresholds],
  });
  const changed = isChanged(draft, view.thresholds);
  return (
    <form
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (isFine(draft) && changed) void put.run({ params: { nodeId }, body: thresholdsOf(draft) });
      }}
    >
      <ThresholdFields
        draft={draft}
        onDraft={setDraft}
        inForce={view.inForce}
        fromAbove={() => "As your organisation has it"}
        disabled={!mayChange}
      />
      <FieldProblems error={put.error} />
      {mayChange && (
        <div className={styles["buttons"]}>
          <Button type="submit" tone="primary" busy={put.isRunning} disabled={!changed || !isFine(draft)}>
            Save thresholds
          </Button>
          {changed && <Button onClick={() => setDraft(draftOf(view.thresholds))}>Discard</Button>}
        </div>
      )}
    </form>
  );
}
