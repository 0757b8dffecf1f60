import { useState } from "react";
import { emptyRollout, readRollout, type RolloutDraft, rolloutDraftOf } from "../../plan/rollout-draft.ts";
import { RolloutFields } from "../../plan/rollout-fields.tsx";
import type { ScheduleForm } from "../../schedules/schedule-form.ts";
import { blackoutWords, lateWords, overlapWords } from "../../schedules/schedule-state.ts";
import { NumberField, SelectField } from "../../ui/fields.tsx";
import styles from "./schedules.module.css";

/** What becomes of it when things are not as usual. Each has a sensible answer by itself: folded away until wanted. */
export function RulesFields({
  form,
  onChange,
  problemOf,
}: {
  form: ScheduleForm;
  onChange: (change: Partial<ScheduleForm>) => void;
  problemOf: (path: string) => string | undefined;
}) {
  return (
    <details className={styles["rules"]}>
      <summary>Limits, lateness, overlaps, rollout</summary>
      <div className={styles["fields"]}>
        <NumberField
          label="At most so many appliances"
          value={form.maxTargets}
          onChange={(maxTargets) => onChange({ maxTargets: maxTargets ?? 0 })}
          min={1}
          step={1}
          error={problemOf("maxTargets")}
          hint="Where more match, nothing is changed until a person has looked. A standing approval holds for no more."
        />
        <SelectField
          label="Of due times that were missed"
          value={form.latePolicy}
          onChange={(latePolicy) => onChange({ latePolicy })}
          options={choices(lateWords)}
        />
        <NumberField
          label="Minutes that it may be late"
          value={form.lateMinutes}
          onChange={(lateMinutes) => onChange({ lateMinutes: lateMinutes ?? 0 })}
          min={5}
          max={10_080}
          step={1}
          error={problemOf("late.withinMinutes")}
          hint="What is later is left out in any case."
        />
        <NumberField
          label="Spread by up to so many seconds"
          value={form.jitterSeconds}
          onChange={(jitterSeconds) => onChange({ jitterSeconds: jitterSeconds ?? 0 })}
          min={0}
          max={3_600}
          step={1}
          error={problemOf("jitterSeconds")}
          hint="So that not everything begins at the full hour."
        />
        <SelectField
          label="When the task before has not ended"
          value={form.overlap}
          onChange={(overlap) => onChange({ overlap })}
          options={choices(overlapWords)}
        />
        <SelectField
          label="While a window keeps changes out"
          value={form.blackout}
          onChange={(blackout) => onChange({ blackout })}
          options={choices(blackoutWords)}
        />
        <SelectField
          label="Mode"
          value={form.mode}
          onChange={(mode) => onChange({ mode })}
          options={[
            { value: "apply", label: "Make the changes" },
            { value: "check", label: "Only show what would change" },
          ]}
        />
        <SelectField
          label="How much Ansible says"
          value={String(form.verbosity)}
          onChange={(verbosity) => onChange({ verbosity: Number(verbosity) })}
          options={[0, 1, 2, 3, 4].map((level) => ({
            value: String(level),
            label: level === 0 ? "Only results" : `Level ${level}`,
          }))}
        />
      </div>
      <Rollout form={form} onChange={onChange} />
    </details>
  );
}

function choices<Key extends string>(words: Record<Key, string>): { value: Key; label: string }[] {
  return (Object.entries(words) as [Key, string][]).map(([value, label]) => ({ value, label }));
}

/** What is typed may be wrong for a while; the form keeps the last that was right. */
function Rollout({ form, onChange }: { form: ScheduleForm; onChange: (change: Partial<ScheduleForm>) => void }) {
  const [draft, setDraft] = useState<RolloutDraft>(() =>
    form.rollout === undefined ? emptyRollout : rolloutDraftOf(form.rollout),
  );
  const { problems } = readRollout(draft);
  return (
    <fieldset className={styles["group"]}>
      <legend className={styles["legend"]}>Rollout</legend>
      <RolloutFields
        draft={draft}
        problems={problems}
        onDraft={(next) => {
          setDraft(next);
          const read = readRollout(next);
          if (read.problems.length === 0) onChange({ rollout: read.rollout });
        }}
      />
    </fieldset>
  );
}
