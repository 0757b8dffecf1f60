import { NumberField, SelectField, TextField } from "../../ui/fields.tsx";
import type { RuleDraft } from "./rule-draft.ts";
import styles from "./settings.module.css";

const zones = Intl.supportedValuesOf("timeZone");

/** When a rule holds: always, again and again, or once. */
export function SpansFields({
  draft,
  onChange,
  problem,
}: {
  draft: RuleDraft;
  onChange: (change: Partial<RuleDraft>) => void;
  problem: string | undefined;
}) {
  return (
    <fieldset className={styles["group"]}>
      <legend>When it holds</legend>
      <SelectField
        label="When"
        quietLabel
        value={draft.when}
        onChange={(when) => onChange({ when })}
        options={[
          { value: "always", label: "Always" },
          { value: "again", label: "Again and again" },
          { value: "once", label: "Once" },
        ]}
      />
      {draft.when === "again" ? (
        <div className={styles["three"]}>
          <TextField
            label="Begins (cron)"
            mono
            value={draft.cron}
            onChange={(cron) => onChange({ cron })}
            hint="Minute, hour, day, month, weekday."
          />
          <TextField
            label="By the clocks of"
            value={draft.timeZone}
            onChange={(timeZone) => onChange({ timeZone })}
            list={zones}
          />
          <NumberField
            label="Lasts (hours)"
            value={draft.hours}
            onChange={(hours) => onChange({ hours })}
            min={0}
            max={168}
          />
        </div>
      ) : null}
      {draft.when === "once" ? (
        <div className={styles["pair"]}>
          <TextField label="From" type="datetime-local" value={draft.from} onChange={(from) => onChange({ from })} />
          <TextField
            label="Until"
            type="datetime-local"
            value={draft.until}
            onChange={(until) => onChange({ until })}
          />
        </div>
      ) : null}
      {problem === undefined ? null : <p className={styles["problem"]}>{problem}</p>}
    </fieldset>
  );
}
