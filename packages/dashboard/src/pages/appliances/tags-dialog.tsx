import { maxTags } from "@steward/contracts/fleet";
import { type NodeView, tagSchema } from "@steward/contracts/node";
import { useId, useMemo, useState } from "react";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField, TextField } from "../../ui/fields.tsx";
import { tagsOf } from "./list/bulk.ts";
import styles from "./list/list.module.css";
import { tagCounts } from "./list/node-choice.ts";

interface TagsDialogProps {
  title: string;
  /** Whose tags they are. */
  nodes: readonly NodeView[];
  /** Whose tags are offered. */
  all: readonly NodeView[];
  busy: boolean;
  onClose: () => void;
  onChange: (change: { add: string[]; remove: string[] }) => void;
}

/** Tags of one or of many: what they have can be taken away, and more be added. */
export function TagsDialog({ title, nodes, all, busy, onClose, onChange }: TagsDialogProps) {
  const formId = useId();
  const had = useMemo(() => tagCounts(nodes), [nodes]);
  const known = useMemo(
    () =>
      tagCounts(all)
        .slice(0, 200)
        .map(({ value }) => value),
    [all],
  );
  const [text, setText] = useState("");
  const [removed, setRemoved] = useState<ReadonlySet<string>>(new Set());
  const add = tagsOf(text);
  const wrong = add.find((tag) => !tagSchema.safeParse(tag).success);
  const both = add.find((tag) => removed.has(tag));
  const most = Math.max(
    0,
    ...nodes.map(({ tags }) => new Set([...tags.filter((tag) => !removed.has(tag)), ...add]).size),
  );
  const error =
    wrong !== undefined
      ? `${visible(wrong)} is no tag: it must look like site:berlin`
      : both !== undefined
        ? `${visible(both)} is also taken away`
        : most > maxTags
          ? `One of them would have ${most} tags; ${maxTags} is the most`
          : undefined;
  const isChange = add.length + removed.size > 0;
  const submit = () => {
    if (isChange && error === undefined) onChange({ add, remove: [...removed] });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={title}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={formId} tone="primary" busy={busy} disabled={!isChange || error !== undefined}>
            Change tags
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <TextField
          label="Add"
          value={text}
          onChange={setText}
          placeholder="site:berlin ring:canary"
          list={known}
          mono
          error={text === "" ? undefined : error}
          hint="key:value, several by spaces. Rules, windows and requests go by tags: a change counts at once."
        />
        {had.length > 0 && (
          <fieldset className={styles["keep"]}>
            <legend>Keep</legend>
            {had.slice(0, 60).map(({ value, count }) => (
              <CheckField
                key={value}
                label={visible(value)}
                {...(nodes.length === 1 ? {} : { hint: count === nodes.length ? "all of them" : `${count} of them` })}
                checked={!removed.has(value)}
                onChange={(keep) => {
                  const next = new Set(removed);
                  if (keep) next.delete(value);
                  else next.add(value);
                  setRemoved(next);
                }}
              />
            ))}
          </fieldset>
        )}
      </form>
    </Dialog>
  );
}
