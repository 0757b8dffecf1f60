import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { targetSelectorSchema } from "@steward/contracts/selector";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import styles from "./schedules.module.css";

/** Whom it is for: names, tags, or all. They are looked up anew each time. */
export function TargetsField({
  value,
  onChange,
  error,
}: {
  value: readonly string[];
  onChange: (targets: string[]) => void;
  error: string | undefined;
}) {
  const [typed, setTyped] = useState("");
  const nodes = useApi(
    nodeRoutes.listNodes,
    { query: { kind: "appliance", limit: 100, ...(typed.trim() === "" ? {} : { q: typed.trim() }) } },
    { every: "once", keepsLast: true },
  );
  const found = nodes.data?.items ?? [];
  const known = [...new Set(["all", ...found.flatMap(({ tags }) => tags), ...found.map(({ name }) => name)])];
  const words = typed.split(/[\s,]+/).filter((word) => word !== "");
  const wrong = words.find((word) => !targetSelectorSchema.safeParse(word).success);
  const add = () => {
    if (words.length === 0 || wrong !== undefined) return;
    onChange([...new Set([...value, ...words])]);
    setTyped("");
  };
  return (
    <fieldset className={styles["group"]}>
      <legend className={styles["legend"]}>On</legend>
      {value.length > 0 && (
        <ul className={styles["chips"]} aria-label="Chosen">
          {value.map((target) => (
            <li key={target} className={styles["chip"]}>
              <bdi>{visible(target)}</bdi>
              <IconButton
                label={`Without ${visible(target)}`}
                icon="close"
                onClick={() => onChange(value.filter((one) => one !== target))}
              />
            </li>
          ))}
        </ul>
      )}
      <div className={styles["add"]}>
        <TextField
          label="An appliance, a tag key:value, or all"
          value={typed}
          onChange={setTyped}
          // Enter adds here; the form is sent by its button.
          onEnter={add}
          list={known.slice(0, 200)}
          error={
            wrong === undefined ? error : `${visible(wrong)} is no name of an appliance, no tag key:value, and not all`
          }
        />
        <Button icon="add" onClick={add} disabled={words.length === 0}>
          Add
        </Button>
      </div>
      <p className={styles["note"]}>Who matches is found anew at each due time.</p>
    </fieldset>
  );
}
