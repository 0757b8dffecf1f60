import type { FieldProblem } from "@steward/contracts/errors";
import { type ClipboardEvent, type KeyboardEvent, useId, useState } from "react";
import { visible } from "../text.ts";
import { Field } from "../ui/fields.tsx";
import { Icon } from "../ui/icon.tsx";
import styles from "./schema-form.module.css";

export interface ListFieldProps {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  required?: boolean;
  value: readonly string[];
  onChange: (value: string[]) => void;
  /** By the item's place. */
  itemProblems?: readonly FieldProblem[];
  /** What can be chosen. */
  list?: readonly string[];
}

/** Several short texts: Enter or a comma takes what was typed, Backspace takes the last one back. */
export function ListField({ value, onChange, itemProblems = [], list, ...common }: ListFieldProps) {
  const [typed, setTyped] = useState("");
  const listId = useId();
  const add = (text: string) => {
    const items = text
      .split(/[,\n]+/)
      .map((item) => item.trim())
      .filter((item) => item !== "" && !value.includes(item));
    if (items.length > 0) onChange([...value, ...new Set(items)]);
    setTyped("");
  };
  const press = (event: KeyboardEvent<HTMLInputElement>) => {
    if ((event.key === "Enter" || event.key === ",") && typed.trim() !== "" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      add(typed);
    } else if (event.key === "Backspace" && typed === "" && value.length > 0) {
      onChange(value.slice(0, -1));
    }
  };
  const paste = (event: ClipboardEvent<HTMLInputElement>) => {
    const text = event.clipboardData.getData("text");
    if (!/[,\n]/.test(text)) return;
    event.preventDefault();
    add(typed + text);
  };
  const first = itemProblems[0];
  const error =
    common.error ?? (first === undefined ? undefined : `${visible(value[Number(first.path)] ?? "")}: ${first.message}`);
  return (
    <Field {...common} error={error}>
      {(ids) => (
        <div className={styles["chips"]}>
          {value.map((item, index) => (
            <span
              key={item}
              className={styles["chip"]}
              data-bad={itemProblems.some(({ path }) => path === String(index)) || undefined}
            >
              {visible(item)}
              <button
                type="button"
                aria-label={`Remove ${visible(item)}`}
                onClick={() => onChange(value.toSpliced(index, 1))}
              >
                <Icon name="close" size={12} />
              </button>
            </span>
          ))}
          <input
            {...ids}
            className={styles["chipInput"]}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={press}
            onPaste={paste}
            onBlur={() => add(typed)}
            placeholder={value.length === 0 ? "Type, then Enter" : ""}
            autoComplete="off"
            spellCheck={false}
            list={list === undefined ? undefined : listId}
          />
          {list !== undefined && (
            <datalist id={listId}>
              {list
                .filter((each) => !value.includes(each))
                .map((each) => (
                  <option key={each} value={each} />
                ))}
            </datalist>
          )}
        </div>
      )}
    </Field>
  );
}
