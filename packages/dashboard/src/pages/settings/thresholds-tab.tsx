import { alertRoutes } from "@steward/contracts/routes/alerts";
import { defaultThresholds } from "@steward/contracts/defaults";
import type { AlertingView } from "@steward/contracts/thresholds";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { CheckField, NumberField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./settings.module.css";
import { draftOf, isChanged, metrics, pairProblem, thresholdsOf } from "./thresholds.ts";

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
  const isFine =
    minutesProblem === undefined && metrics.every(({ metric }) => pairProblem(metric, draft[metric]) === undefined);
  const changed = isChanged(draft, after, view);

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
          if (!isFine || !changed) return;
          const body = {
            thresholds: thresholdsOf(draft),
            ...(after === undefined ? {} : { escalateAfterMinutes: after }),
          };
          void save.run({ body });
        }}
      >
        <div className={styles["metrics"]}>
          {metrics.map(({ metric, label, unit, min, max }) => {
            const pair = draft[metric];
            const [warning, critical] = defaultThresholds[metric];
            const problem = pairProblem(metric, pair);
            return (
              <fieldset key={metric} className={styles["metric"]} disabled={!mayChange}>
                <legend>
                  {label}
                  {unit === "" ? "" : ` (${unit})`}
                </legend>
                <NumberField
                  label="Warning from"
                  value={pair === undefined ? view.inForce[metric][0] : pair.warning}
                  disabled={pair === undefined || !mayChange}
                  min={min}
                  max={max}
                  onChange={(value) => setDraft({ ...draft, [metric]: { warning: value, critical: pair?.critical } })}
                />
                <NumberField
                  label="Critical from"
                  value={pair === undefined ? view.inForce[metric][1] : pair.critical}
                  disabled={pair === undefined || !mayChange}
                  min={min}
                  max={max}
                  error={problem}
                  onChange={(value) => setDraft({ ...draft, [metric]: { warning: pair?.warning, critical: value } })}
                />
                <CheckField
                  label={`Steward’s own (${warning} and ${critical})`}
                  checked={pair === undefined}
                  disabled={!mayChange}
                  onChange={(isOwn) =>
                    setDraft({
                      ...draft,
                      [metric]: isOwn
                        ? undefined
                        : { warning: view.inForce[metric][0], critical: view.inForce[metric][1] },
                    })
                  }
                />
              </fieldset>
            );
          })}
        </div>
        <fieldset className={styles["metric"]} disabled={!mayChange}>
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
            <Button type="submit" tone="primary" busy={save.isRunning} disabled={!changed || !isFine}>
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
