import { type HTMLInputTypeAttribute, type ReactNode, useId } from "react";
import { visible } from "../text.ts";
import { classes } from "./classes.ts";
import styles from "./fields.module.css";
import { Icon } from "./icon.tsx";

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  required?: boolean;
  disabled?: boolean;
  /** The label is only heard: where what is around says it already. */
  quietLabel?: boolean;
}

/** A label, an input, a hint and an error that belong together, for eye and ear. */
export function Field({
  label,
  hint,
  error,
  required,
  quietLabel,
  children,
}: Common & { children: (ids: FieldIds) => ReactNode }) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`]
    .filter(Boolean)
    .join(" ");
  return (
    <div className={styles["field"]}>
      <label className={quietLabel === true ? "heard" : styles["label"]} htmlFor={id}>
        {visible(label)}
        {required === false && <span className={styles["optional"]}> (optional)</span>}
      </label>
      {children({
        id,
        "aria-describedby": described === "" ? undefined : described,
        "aria-invalid": error !== undefined || undefined,
      })}
      {hint !== undefined && (
        <div id={`${id}-hint`} className={styles["hint"]}>
          {hint}
        </div>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className={styles["error"]}>
          {error}
        </p>
      )}
    </div>
  );
}

export interface FieldIds {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

export interface TextFieldProps extends Common {
  value: string;
  onChange: (value: string) => void;
  type?: HTMLInputTypeAttribute;
  placeholder?: string;
  mono?: boolean;
  autoComplete?: string;
  autoFocus?: boolean;
  maxLength?: number;
  list?: readonly string[];
  /** In place of sending the form. */
  onEnter?: () => void;
}

export function TextField({
  value,
  onChange,
  type = "text",
  placeholder,
  mono = false,
  autoComplete = "off",
  autoFocus,
  maxLength,
  list,
  onEnter,
  ...common
}: TextFieldProps) {
  const listId = useId();
  return (
    <Field {...common}>
      {(ids) => (
        <>
          <input
            {...ids}
            className={classes(styles["input"], mono && styles["mono"])}
            type={type}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            onKeyDown={(event) => {
              if (onEnter === undefined || event.key !== "Enter") return;
              event.preventDefault();
              onEnter();
            }}
            placeholder={placeholder}
            autoComplete={autoComplete}
            autoFocus={autoFocus}
            maxLength={maxLength}
            required={common.required === true}
            disabled={common.disabled}
            spellCheck={false}
            list={list === undefined ? undefined : listId}
          />
          {list !== undefined && (
            <datalist id={listId}>
              {list.map((each) => (
                <option key={each} value={each} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

export interface NumberFieldProps extends Common {
  /** Undefined: nothing was entered. */
  value: number | undefined;
  onChange: (value: number | undefined) => void;
  min?: number;
  max?: number;
  step?: number;
}

export function NumberField({ value, onChange, min, max, step, ...common }: NumberFieldProps) {
  return (
    <Field {...common}>
      {(ids) => (
        <input
          {...ids}
          className={styles["input"]}
          type="number"
          inputMode="decimal"
          value={value ?? ""}
          min={min}
          max={max}
          step={step ?? "any"}
          onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)}
          required={common.required === true}
          disabled={common.disabled}
        />
      )}
    </Field>
  );
}

export interface TextAreaFieldProps extends Common {
  value: string;
  onChange: (value: string) => void;
  rows?: number;
  placeholder?: string;
  mono?: boolean;
  autoFocus?: boolean;
}

export function TextAreaField({
  value,
  onChange,
  rows = 4,
  placeholder,
  mono = false,
  autoFocus,
  ...common
}: TextAreaFieldProps) {
  return (
    <Field {...common}>
      {(ids) => (
        <textarea
          {...ids}
          className={classes(styles["input"], mono && styles["mono"])}
          rows={rows}
          value={value}
          placeholder={placeholder}
          autoFocus={autoFocus}
          onChange={(event) => onChange(event.target.value)}
          required={common.required === true}
          disabled={common.disabled}
          spellCheck={!mono}
        />
      )}
    </Field>
  );
}

export interface SelectFieldProps<Value extends string> extends Common {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: string; disabled?: boolean }[];
}

export function SelectField<Value extends string>({ value, onChange, options, ...common }: SelectFieldProps<Value>) {
  return (
    <Field {...common}>
      {(ids) => (
        <select
          {...ids}
          className={styles["input"]}
          value={value}
          onChange={(event) => onChange(event.target.value as Value)}
          required={common.required === true}
          disabled={common.disabled}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.disabled}>
              {visible(option.label)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface CheckFieldProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: ReactNode;
  disabled?: boolean;
}

export function CheckField(props: CheckFieldProps) {
  return <Ticked {...props} />;
}

/** The same as a switch: it takes effect at once. */
export function SwitchField(props: CheckFieldProps) {
  return <Ticked {...props} role="switch" />;
}

function Ticked({ label, checked, onChange, hint, disabled, role }: CheckFieldProps & { role?: "switch" }) {
  return (
    <label className={styles["check"]}>
      <input
        type="checkbox"
        role={role}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>
        {label}
        {hint !== undefined && <span className={styles["hint"]}> {hint}</span>}
      </span>
    </label>
  );
}

export interface SearchFieldProps {
  /** What is searched: `Search appliances`. */
  label: string;
  value: string;
  onChange: (value: string) => void;
}

export function SearchField({ label, value, onChange }: SearchFieldProps) {
  return (
    <label className={styles["search"]}>
      <span className="heard">{label}</span>
      <Icon name="search" />
      <input
        className={styles["input"]}
        type="search"
        value={value}
        placeholder={label}
        onChange={(event) => onChange(event.target.value)}
        autoComplete="off"
        spellCheck={false}
      />
    </label>
  );
}
