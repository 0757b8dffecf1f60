import type { FieldProblem } from "@steward/contracts/errors";
import { problemAt } from "../schema-form/problems.ts";
import { CheckField, SelectField, TextField } from "../ui/fields.tsx";
import type { RolloutDraft } from "./rollout-draft.ts";
import styles from "./rollout-fields.module.css";

/** How a change goes over many appliances. What is left empty, the installation decides: it begins with one of several. */
export function RolloutFields({
  draft,
  onDraft,
  problems = [],
}: {
  draft: RolloutDraft;
  onDraft: (draft: RolloutDraft) => void;
  problems?: readonly FieldProblem[];
}) {
  const text = (name: Exclude<keyof RolloutDraft, "confirmWaves" | "undoOnFailure">) => ({
    value: draft[name],
    onChange: (value: string) => onDraft({ ...draft, [name]: value }),
    error: problemAt(problems, name),
  });
  return (
    <div className={styles["fields"]}>
      <TextField
        label="Begin with"
        hint="So many appliances; by default 1 of several"
        placeholder="1"
        {...text("canary")}
      />
      <TextField label="Or with the ring" hint="Those with the tag ring:…" placeholder="canary" {...text("ring")} />
      <TextField
        label="Then in waves"
        hint="Numbers, percentages or rings, by comma"
        placeholder="10, 25%, ring:early, 100%"
        {...text("waves")}
      />
      <TextField label="At one time" hint="On so many appliances" placeholder="100" {...text("maxConcurrency")} />
      <TextField
        label="May fail"
        hint="Number or percentage before it stops; by default none"
        placeholder="0"
        {...text("errorBudget")}
      />
      <TextField label="Pause between waves" hint="Such as 90s, 10m or 2h" placeholder="10m" {...text("pause")} />
      <TextField
        label="Good heartbeats after a wave"
        hint="1 to 10 of each appliance"
        placeholder="2"
        {...text("healthGate")}
      />
      <TextField
        label="Keep untouched of each site"
        hint="Number or percentage"
        placeholder="50%"
        {...text("minHealthy")}
      />
      <SelectField
        label="Wait for a word"
        value={draft.confirmWaves}
        onChange={(confirmWaves) => onDraft({ ...draft, confirmWaves })}
        options={[
          { value: "", label: "Go on by itself" },
          { value: "first", label: "After the first wave" },
          { value: "each", label: "After each wave" },
        ]}
      />
      <CheckField
        label="Undo where it fails"
        hint="Takes back what was done there, and in the wave that stopped it."
        checked={draft.undoOnFailure}
        onChange={(undoOnFailure) => onDraft({ ...draft, undoOnFailure })}
      />
    </div>
  );
}
