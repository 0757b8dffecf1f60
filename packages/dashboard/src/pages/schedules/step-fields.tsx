import type { ActionView } from "@steward/contracts/views";
import type { FieldProblem } from "@steward/contracts/errors";
import { draftOf } from "../../schema-form/draft.ts";
import { SchemaForm } from "../../schema-form/schema-form.tsx";
import type { Schemas, StepForm } from "../../schedules/schedule-form.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { SelectField } from "../../ui/fields.tsx";
import styles from "./schedules.module.css";

const mostSteps = 20;

/** What it does, in order: actions of the catalogue and their values. */
export function StepFields({
  steps,
  onChange,
  actions,
  schemas,
  problems,
}: {
  steps: StepForm[];
  onChange: (steps: StepForm[]) => void;
  actions: readonly ActionView[];
  schemas: Schemas;
  problems: readonly FieldProblem[];
}) {
  const set = (key: string, change: Partial<StepForm>) =>
    onChange(steps.map((step) => (step.key === key ? { ...step, ...change } : step)));
  const move = (index: number, by: number) => {
    const next = [...steps];
    const [step] = next.splice(index, 1);
    if (step !== undefined) next.splice(index + by, 0, step);
    onChange(next);
  };
  const sorted = actions.toSorted((a, b) => a.id.localeCompare(b.id, "en"));
  return (
    <fieldset className={styles["group"]}>
      <legend className={styles["legend"]}>What it does</legend>
      <ol className={styles["steps"]}>
        {steps.map((step, index) => {
          const own = problems
            .filter(({ path }) => path.startsWith(`steps.${index}.variables.`))
            .map(({ path, message }) => ({ path: path.slice(`steps.${index}.variables.`.length), message }));
          const fields = schemas.get(step.action) ?? [];
          return (
            <li key={step.key} className={styles["step"]}>
              <div className={styles["stepHead"]}>
                <SelectField
                  label={steps.length === 1 ? "Action" : `Step ${index + 1}`}
                  value={step.action}
                  onChange={(action) => set(step.key, { action, draft: draftOf(schemas.get(action) ?? []) })}
                  options={[
                    { value: "", label: "Choose an action" },
                    ...sorted.map(({ id, title }) => ({ value: id, label: `${id}: ${title}` })),
                  ]}
                  error={problems.find(({ path }) => path === `steps.${index}.action`)?.message}
                />
                {steps.length > 1 && (
                  <div className={styles["stepTools"]}>
                    <IconButton
                      label={`Step ${index + 1} earlier`}
                      icon="up"
                      disabled={index === 0}
                      onClick={() => move(index, -1)}
                    />
                    <IconButton
                      label={`Step ${index + 1} later`}
                      icon="down"
                      disabled={index === steps.length - 1}
                      onClick={() => move(index, 1)}
                    />
                    <IconButton
                      label={`Take out step ${index + 1}`}
                      icon="remove"
                      onClick={() => onChange(steps.filter(({ key }) => key !== step.key))}
                    />
                  </div>
                )}
              </div>
              {step.action !== "" &&
                (fields.length === 0 ? (
                  <p className={styles["note"]}>It takes no values.</p>
                ) : (
                  <SchemaForm
                    fields={fields}
                    draft={step.draft}
                    onDraft={(draft) => set(step.key, { draft })}
                    problems={own}
                  />
                ))}
            </li>
          );
        })}
      </ol>
      {steps.length < mostSteps && (
        <div>
          <Button
            icon="add"
            tone="quiet"
            onClick={() => onChange([...steps, { key: crypto.randomUUID(), action: "", draft: {} }])}
          >
            Another step
          </Button>
        </div>
      )}
    </fieldset>
  );
}
