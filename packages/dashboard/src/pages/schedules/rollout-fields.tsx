import type { FieldProblem } from "@steward/contracts/errors";
import type { RolloutDraft } from "../../plan/rollout-draft.ts";
import { CheckField, SelectField, TextField } from "../../ui/fields.tsx";
import styles from "./schedules.module.css";

const texts: readonly {
  name: "canary" | "waves" | "maxConcurrency" | "errorBudget" | "pause" | "healthGate" | "minHealthy";
  label: string;
  hint: string;
}[] = [
  { name: "waves", label: "Waves", hint: "10, 10%, ring:early, 100%" },
  { name: "maxConcurrency", label: "On so many at one time", hint: "100" },
  { name: "errorBudget", label: "So many may fail before it stops", hint: "2 or 5%; none by itself" },
  { name: "pause", label: "Between two waves", hint: "90s, 10m or 2h" },
  { name: "healthGate", label: "Good heartbeats after each wave", hint: "from 1 to 10" },
  { name: "minHealthy", label: "Of each site, keep healthy and untouched", hint: "1 or 50%" },
];

/** How it goes over many appliances. What is empty, the installation decides. */
export function RolloutFields({
  draft,
  onChange,
  problems,
}: {
  draft: RolloutDraft;
  onChange: (draft: RolloutDraft) => void;
  problems: readonly FieldProblem[];
}) {
  return (
    <fieldset className={styles["group"]}>
      <legend className={styles["legend"]}>Rollout</legend>
      <div className={styles["fields"]}>
        {texts.map(({ name, label, hint }) => (
          <TextField
            key={name}
            label={label}
            required={false}
            value={draft[name]}
            onChange={(value) => onChange({ ...draft, [name]: value })}
            hint={hint}
            error={problems.find(({ path }) => path === name)?.message}
          />
        ))}
        <SelectField
          label="Wait for somebody’s word"
          value={draft.confirmWaves}
          onChange={(confirmWaves) => onChange({ ...draft, confirmWaves })}
          options={[
            { value: "", label: "no" },
            { value: "first", label: "after the first wave" },
            { value: "each", label: "after each wave" },
          ]}
        />
      </div>
      <CheckField
        label="Undo what was done where it fails, and in the wave that stopped it"
        checked={draft.undoOnFailure}
        onChange={(undoOnFailure) => onChange({ ...draft, undoOnFailure })}
      />
    </fieldset>
  );
}
