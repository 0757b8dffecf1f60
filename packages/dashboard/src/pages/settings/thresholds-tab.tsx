import { alertRoutes } from "@steward/contracts/routes/alerts";
import { defaultThresholds } from "@steward/contracts/defaults";
import type { AlertingView } from "@steward/contracts/thresholds";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { draftOf, isChanged, isFine, thresholdsOf } from "../../thresholds/threshold-draft.ts";
import { ThresholdFields } from "../../thresholds/threshold-fields.tsx";
import { Button } from "../../ui/button.tsx";
import { CheckField, NumberField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./settings.module.css";

/** From when on machines are not healthy, and when somebody else is told of an alert. */
export function ThresholdsTab() {
  const thresholds = useApi(alertRoutes.getThresholds, {}, { every: "background" });
  return (
    <Loaded query={thresholds} rows={6}>
      {(view) => <ThresholdsForm key={view.updatedAt ?? "none"} view={view} />}
    </Loaded>
  );
}

const maxEscalateMinutes = 7 * 24 * 60;

function ThresholdsForm({ view }: { view: AlertingView }) {
  const mayChange = useMe().may("admin");
  const [draft, setDraft] = useState(() => draftOf(view.thresholds));
  const [minutes, setMinutes] = useState(view.escalateAfterMinutes);
  const [escalates, setEscalates] = useState(view.escalateAfterMinutes !== undefined);
  const save = useChange(alertRoutes.putThresholds, {
    refreshes: [alertRoutes.getThresholds],
    says: "All machines are judged by them within a minute.",
    quiet: true,
  });
  const after = escalates ? minutes : undefined;
  const minutesProblem =
    !escalates || (minutes !== undefined && Number.isInteger(minutes) && minutes >= 1 && minutes <= maxEscalateMinutes)
      ? undefined
      : "must be a whole number of minutes, up to a week";
  const canSave = minutesProblem === undefined && isFine(draft);
  const changed = after !== view.escalateAfterMinutes || isChanged(draft, view.thresholds);

  return (
    <Panel
      title="When a machine is not healthy"
      note={
        view.updatedBy === undefined ? (
          "Nobody has changed them: these are Steward’s own."
        ) : (
          <>
            Changed by <Said>{view.updatedBy.name}</Said> <Moment at={view.updatedAt} />
          </>
        )
      }
    >
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (!canSave || !changed) return;
          const body = {
            thresholds: thresholdsOf(draft),
            ...(after === undefined ? {} : { escalateAfterMinutes: after }),
          };
          void save.run({ body });
        }}
      >
        <ThresholdFields
          draft={draft}
          onDraft={setDraft}
          inForce={view.inForce}
          fromAbove={(metric) => `Steward’s own (${defaultThresholds[metric].join(" and ")})`}
          disabled={!mayChange}
        />
        <fieldset className={styles["silence"]} disabled={!mayChange}>
          <legend>When nobody reacts</legend>
          <CheckField
            label="Tell somebody else of a critical alert that nobody acknowledges"
            checked={escalates}
            disabled={!mayChange}
            onChange={(next) => {
              setEscalates(next);
              if (next && minutes === undefined) setMinutes(30);
            }}
          />
          {escalates ? (
            <NumberField
              label="After (minutes)"
              value={minutes}
              onChange={setMinutes}
              min={1}
              max={maxEscalateMinutes}
              disabled={!mayChange}
              error={minutesProblem}
            />
          ) : null}
        </fieldset>
        <FieldProblems error={save.error} />
        {mayChange ? (
          <div className={styles["buttons"]}>
            <Button type="submit" tone="primary" busy={save.isRunning} disabled={!changed || !canSave}>
              Save thresholds
            </Button>
            {changed ? (
              <Button
                onClick={() => {
                  setDraft(draftOf(view.thresholds));
                  setMinutes(view.escalateAfterMinutes);
                  setEscalates(view.escalateAfterMinutes !== undefined);
                  save.reset();
                }}
              >
                As they were
              </Button>
            ) : null}
          </div>
        ) : (
          <p className={styles["soft"]}>An administrator changes these. One machine’s own are on its page.</p>
        )}
      </form>
    </Panel>
  );
}
