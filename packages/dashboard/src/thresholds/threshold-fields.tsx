import type { ThresholdsGiven } from "@steward/contracts/thresholds";
import { CheckField, NumberField } from "../ui/fields.tsx";
import { type Metric, metrics, pairProblem, type ThresholdsDraft } from "./threshold-draft.ts";
import styles from "./thresholds.module.css";

export interface ThresholdFieldsProps {
  draft: ThresholdsDraft;
  onDraft: (draft: ThresholdsDraft) => void;
  inForce: Required<ThresholdsGiven>;
  /** What it is called to leave a metric to whoever is above: "Steward’s own (80 and 95)". */
  fromAbove: (metric: Metric) => string;
  disabled: boolean;
}

/** From when on each metric is a warning, and critical: one's own, or as it is above. */
export function ThresholdFields({ draft, onDraft, inForce, fromAbove, disabled }: ThresholdFieldsProps) {
  return (
    <div className={styles["metrics"]}>
      {metrics.map(({ metric, label, unit, min, max }) => {
        const pair = draft[metric];
        const [warning, critical] = inForce[metric];
        const set = (change: Partial<typeof pair>) =>
          onDraft({ ...draft, [metric]: { warning: pair?.warning, critical: pair?.critical, ...change } });
        return (
          <fieldset key={metric} className={styles["metric"]} disabled={disabled}>
            <legend>
              {label}
              {unit === "" ? "" : ` (${unit})`}
            </legend>
            <NumberField
              label="Warning from"
              value={pair === undefined ? warning : pair.warning}
              disabled={pair === undefined || disabled}
              min={min}
              max={max}
              onChange={(value) => set({ warning: value })}
            />
            <NumberField
              label="Critical from"
              value={pair === undefined ? critical : pair.critical}
              disabled={pair === undefined || disabled}
              min={min}
              max={max}
              error={pairProblem(metric, pair)}
              onChange={(value) => set({ critical: value })}
            />
            <CheckField
              label={fromAbove(metric)}
              checked={pair === undefined}
              disabled={disabled}
              onChange={(isLeft) => onDraft({ ...draft, [metric]: isLeft ? undefined : { warning, critical } })}
            />
          </fieldset>
        );
      })}
    </div>
  );
}
