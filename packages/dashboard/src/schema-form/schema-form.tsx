import type { FieldProblem } from "@steward/contracts/errors";
import { Button, IconButton } from "../ui/button.tsx";
import { SelectField, TextAreaField, TextField } from "../ui/fields.tsx";
import { visible } from "../text.ts";
import type { Draft, DraftValue } from "./draft.ts";
import { type Field, rangeText } from "./field.ts";
import { ListField } from "./list-field.tsx";
import { problemAt, problemsBelow } from "./problems.ts";
import styles from "./schema-form.module.css";
import { SecretField } from "./secret-field.tsx";

export interface SchemaFormProps {
  /** Of `fieldsOf(schema)`. */
  fields: readonly Field[];
  draft: Draft;
  onDraft: (draft: Draft) => void;
  /** By the fields' names: of `readDraft`, or what the API said, by `problemsBelow`. */
  problems?: readonly FieldProblem[];
  /** What is there already, by the name of facts: `users` → all users of the appliance. Offered, never demanded. */
  known?: Record<string, readonly string[]>;
}

/** A form made from a JSON Schema. It holds nothing itself: the draft is its owner's. */
export function SchemaForm({ fields, draft, onDraft, problems = [], known = {} }: SchemaFormProps) {
  return (
    <div className={styles["form"]}>
      {fields.map((field) => (
        <OneField
          key={field.name}
          field={field}
          value={draft[field.name]}
          onChange={(value) => onDraft({ ...draft, [field.name]: value })}
          problems={problems}
          known={known}
        />
      ))}
    </div>
  );
}

interface OneFieldProps {
  field: Field;
  value: DraftValue;
  onChange: (value: DraftValue) => void;
  problems: readonly FieldProblem[];
  known: Record<string, readonly string[]>;
}

function OneField({ field, value, onChange, problems, known }: OneFieldProps) {
  const label = visible(field.label);
  const common = {
    label,
    ...(field.required ? {} : { required: false }),
    hint: hintOf(field),
    error: problemAt(problems, field.name),
  };
  const text = typeof value === "string" ? value : "";
  const choices = field.choicesFrom === undefined ? undefined : known[field.choicesFrom];
  switch (field.kind) {
    case "switch":
      return (
        <SelectField
          {...common}
          value={value === true ? "yes" : value === false ? "no" : ""}
          onChange={(chosen) => onChange(chosen === "" ? undefined : chosen === "yes")}
          options={[
            { value: "", label: field.required ? "Choose" : "Not said" },
            { value: "yes", label: "Yes" },
            { value: "no", label: "No" },
          ]}
        />
      );
    case "choice":
      return (
        <SelectField
          {...common}
          value={text}
          onChange={(chosen) => onChange(chosen === "" ? undefined : chosen)}
          options={[
            { value: "", label: field.required ? "Choose" : "Not said" },
            ...field.options.map((option) => ({ value: String(option), label: visible(String(option)) })),
          ]}
        />
      );
    case "number":
      return <TextField {...common} value={text} onChange={onChange} type="text" mono />;
    case "secret":
      return <SecretField {...common} value={text} onChange={onChange} />;
    case "list":
      return field.item.kind === "group" || field.item.kind === "list" || field.item.kind === "json" ? (
        <Repeated
          {...{ field, value, onChange, problems, known }}
          item={{ ...field.item, name: "", label: "", required: true }}
        />
      ) : (
        <ListField
          {...common}
          value={Array.isArray(value) ? value.filter((item) => typeof item === "string") : []}
          onChange={onChange}
          itemProblems={problemsBelow(problems, field.name)}
          {...(choices === undefined ? {} : { list: choices })}
          {...(field.item.kind === "choice" ? { list: field.item.options.map(String) } : {})}
        />
      );
    case "group":
      return (
        <fieldset className={styles["group"]}>
          <legend>{label}</legend>
          <SchemaForm
            fields={field.fields}
            draft={isDraft(value) ? value : {}}
            onDraft={onChange}
            problems={problemsBelow(problems, field.name)}
            known={known}
          />
          {common.error !== undefined && <p className={styles["error"]}>{common.error}</p>}
        </fieldset>
      );
    case "json":
      return <TextAreaField {...common} value={text} onChange={onChange} rows={3} mono />;
    case "text":
      return field.long ? (
        <TextAreaField {...common} value={text} onChange={onChange} rows={3} mono />
      ) : (
        <TextField
          {...common}
          value={text}
          onChange={onChange}
          type={typeOf(field.format)}
          {...(choices === undefined ? {} : { list: choices })}
        />
      );
  }
}

/** A list of what is more than a line each. */
function Repeated({ field, item, value, onChange, problems, known }: OneFieldProps & { item: Field }) {
  const items = Array.isArray(value) ? value : [];
  const below = problemsBelow(problems, field.name);
  const label = visible(field.label);
  return (
    <fieldset className={styles["group"]}>
      <legend>{label}</legend>
      {field.hint !== undefined && <p className={styles["hint"]}>{visible(field.hint)}</p>}
      {items.map((each, index) => (
        <div key={index} className={styles["item"]}>
          <OneField
            field={{ ...item, name: String(index), label: `${label} ${index + 1}` }}
            value={each}
            onChange={(next) => onChange(items.with(index, next))}
            problems={below}
            known={known}
          />
          <IconButton
            label={`Remove ${label} ${index + 1}`}
            icon="remove"
            onClick={() => onChange(items.toSpliced(index, 1))}
          />
        </div>
      ))}
      <div>
        <Button
          icon="add"
          onClick={() => onChange([...items, item.kind === "group" ? {} : item.kind === "list" ? [] : ""])}
        >
          Add
        </Button>
      </div>
      {problemAt(problems, field.name) !== undefined && (
        <p className={styles["error"]}>{problemAt(problems, field.name)}</p>
      )}
    </fieldset>
  );
}

/** The question that it answers, and what it may be. */
function hintOf(field: Field): string | undefined {
  const parts = [
    field.hint,
    field.kind === "number" && rangeText(field) !== ""
      ? `${field.whole ? "Whole number" : "Number"}${rangeText(field)}.`
      : undefined,
    field.kind === "text" && field.rule !== undefined ? ruleSentence(field.rule) : undefined,
    field.kind === "list" && field.item.kind === "text" && field.item.rule !== undefined
      ? `Each ${field.item.rule}.`
      : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : visible(parts.join(" "));
}

/** "must be a share's name: …" as the sentence "A share's name: …". */
function ruleSentence(rule: string): string {
  const said = rule.replace(/^must (be|name) /, "");
  return `${said.charAt(0).toUpperCase()}${said.slice(1)}.`;
}

function typeOf(format: string | undefined): "text" | "email" | "url" {
  return format === "email" ? "email" : format === "uri" ? "url" : "text";
}

function isDraft(value: DraftValue): value is Draft {
  return typeof value === "object" && !Array.isArray(value);
}
