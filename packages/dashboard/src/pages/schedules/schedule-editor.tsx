import type { AppError, FieldProblem } from "@steward/contracts/errors";
import type { ScheduleDefinition } from "@steward/contracts/schedule";
import type { ActionView } from "@steward/contracts/views";
import { useId, useMemo, useState } from "react";
import { readForm, type ScheduleForm, type Schemas } from "../../schedules/schedule-form.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { RulesFields } from "./rules-fields.tsx";
import styles from "./schedules.module.css";
import { StepFields } from "./step-fields.tsx";
import { ScheduleTargets } from "./schedule-targets.tsx";
import { WhenField } from "../../schedules/when-field.tsx";

export interface EditorProps {
  form: ScheduleForm;
  onChange: (change: Partial<ScheduleForm>) => void;
  actions: readonly ActionView[];
  schemas: Schemas;
  /** Of one that is there: its name stays. */
  isNew: boolean;
  verb: string;
  isRunning: boolean;
  error: AppError | null;
  onSave: (definition: ScheduleDefinition) => void;
  onCancel: () => void;
}

/** A schedule as a form. What is wrong is said once somebody wants to save it, and then as it is typed. */
export function ScheduleEditor(props: EditorProps) {
  const { form, onChange, actions, schemas, isNew, verb, isRunning, error, onSave, onCancel } = props;
  const [tried, setTried] = useState(false);
  const id = useId();
  const { definition, problems } = useMemo(() => readForm(form, schemas), [form, schemas]);
  const shown: readonly FieldProblem[] = tried ? problems : [];
  const problemOf = (path: string) => shown.find((problem) => problem.path === path)?.message;
  return (
    <form
      id={id}
      noValidate
      className={styles["form"]}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (problems.length === 0) onSave(definition);
        else queueMicrotask(() => document.getElementById(`${id}-problems`)?.focus());
      }}
    >
      <Panel>
        <div className={styles["form"]}>
          {isNew && (
            <TextField
              label="Name"
              value={form.name}
              onChange={(name) => onChange({ name })}
              error={problemOf("name")}
              hint="Lower-case letters, digits and dashes: a file and the command line call it so."
              maxLength={63}
            />
          )}
          <WhenField value={form} onChange={onChange} error={problemOf("when")} />
          <ScheduleTargets
            value={form.targets}
            onChange={(targets) => onChange({ targets })}
            error={problemOf("targets")}
          />
          <StepFields
            steps={form.steps}
            onChange={(steps) => onChange({ steps })}
            actions={actions}
            schemas={schemas}
            problems={shown}
          />
          <RulesFields form={form} onChange={onChange} problemOf={problemOf} />
          {shown.length > 0 && (
            <div id={`${id}-problems`} tabIndex={-1} role="alert" className={styles["wrong"]}>
              {shown.length === 1 ? "One thing is missing or wrong:" : `${shown.length} things are missing or wrong:`}
              <ul>
                {shown.map(({ path, message }) => (
                  <li key={path + message}>
                    {wordsOfPath(path)}: {message}
                  </li>
                ))}
              </ul>
            </div>
          )}
          <FieldProblems error={error} />
          <div className={styles["buttons"]}>
            <Button type="submit" tone="primary" busy={isRunning}>
              {verb}
            </Button>
            <Button onClick={onCancel}>Cancel</Button>
          </div>
        </div>
      </Panel>
    </form>
  );
}

function wordsOfPath(path: string): string {
  const [head = "", index, kind, ...rest] = path.split(".");
  if (head === "steps" && index !== undefined) {
    return `Step ${Number(index) + 1}${kind === "variables" ? `, ${rest.join(".")}` : ""}`;
  }
  const words: Record<string, string> = { when: "When", targets: "On", name: "Name", steps: "What it does" };
  return words[head] ?? path;
}
