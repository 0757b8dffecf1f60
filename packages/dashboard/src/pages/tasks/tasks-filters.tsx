import { SelectField, TextField } from "../../ui/fields.tsx";
import { taskTerms, termOf } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { statusChoices, taskSources, type TasksSearch } from "./task-filters.ts";
import styles from "./tasks.module.css";

const groups: Record<string, string> = { active: "under way", waiting: "wait for somebody" };
const sourceNames: Record<(typeof taskSources)[number], string> = {
  person: "a person",
  token: "a service token",
  schedule: "a schedule",
  git: "the repository",
  alert: "an alert",
  model: "a model",
};

/** What of the list is meant; all of it stands in the address. */
export function TasksFilters({ search, onChange }: { search: TasksSearch; onChange: (next: TasksSearch) => void }) {
  const { status, type, source, on } = search;
  const set = (name: keyof TasksSearch) => (value: string) =>
    onChange({ [name]: value === "" ? undefined : value } as TasksSearch);
  return (
    <div className={styles["filters"]}>
      <SelectField
        label="Status"
        quietLabel
        value={status ?? ""}
        onChange={set("status")}
        options={[
          { value: "", label: "Any status" },
          ...statusChoices.map((value) => ({ value, label: groups[value] ?? termOf(taskTerms, value).text })),
        ]}
      />
      <SelectField
        label="Kind"
        quietLabel
        value={type ?? ""}
        onChange={set("type")}
        options={[
          { value: "", label: "Any kind" },
          { value: "action", label: "changes" },
          { value: "support", label: "questions" },
        ]}
      />
      <SelectField
        label="Asked by"
        quietLabel
        value={source ?? ""}
        onChange={set("source")}
        options={[
          { value: "", label: "By anybody" },
          ...taskSources.map((value) => ({ value, label: `by ${sourceNames[value]}` })),
        ]}
      />
      <TextField label="On appliance" quietLabel placeholder="On appliance …" value={on ?? ""} onChange={set("on")} />
      {(status ?? type ?? source ?? on) !== undefined && (
        <Button
          tone="quiet"
          icon="close"
          onClick={() => onChange({ status: undefined, type: undefined, source: undefined, on: undefined } as never)}
        >
          Clear
        </Button>
      )}
    </div>
  );
}
