import { Dialog } from "@base-ui/react/dialog";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { visible } from "../text.ts";
import { classes } from "../ui/classes.ts";
import { Icon } from "../ui/icon.tsx";
import overlay from "../ui/overlay.module.css";
import styles from "./palette.module.css";
import { type Command, useCommands } from "./use-commands.ts";

export interface PaletteProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Type a wish and see its plan, or a name and be there. Ctrl-K or Cmd-K anywhere. */
export function Palette({ open, onOpenChange }: PaletteProps) {
  // Whoever went somewhere has the focus there; whoever did not gets it back where it was.
  const left = useRef(false);
  useEffect(() => {
    if (open) left.current = false;
  }, [open]);
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className={overlay["backdrop"]} />
        <Dialog.Popup
          className={classes(overlay["popup"], styles["popup"])}
          aria-label="Ask or find"
          finalFocus={() => !left.current}
        >
          <Search
            onDone={() => {
              left.current = true;
              onOpenChange(false);
            }}
          />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Search({ onDone }: { onDone: () => void }) {
  const me = useMe();
  const navigate = useNavigate();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const { commands, note } = useCommands(typed, me);
  const chosen = Math.min(at, commands.length - 1);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const submit = useChange(taskRoutes.submitTask);
  const go = async (command: Command | undefined) => {
    if (command === undefined || submit.isRunning) return;
    // Nothing runs before its plan was seen.
    const task = command.submit && (await submit.run({ body: { ...command.submit, confirm: true } }));
    onDone();
    const { to, params, search } = command.to;
    await navigate({ to, params, search: task === undefined ? search : { ...search, task: task.id } } as never);
  };
  const press = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step !== undefined && commands.length > 0) {
      event.preventDefault();
      const next = chosen + step;
      setAt(
        Math.abs(step) === 1
          ? (next + commands.length) % commands.length
          : Math.max(0, Math.min(commands.length - 1, next)),
      );
    } else if (event.key === "Enter") {
      event.preventDefault();
      void go(commands[chosen]);
    }
  };
  return (
    <>
      <div className={styles["head"]}>
        <Icon name="search" />
        <input
          className={styles["input"]}
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
          placeholder={
            me.may("operator")
              ? "Say what should be done, or find a page, an appliance, an action"
              : "Ask a question, or find a page, an appliance, a task"
          }
          role="combobox"
          aria-label="Ask or find"
          aria-expanded={commands.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={commands.length > 0 ? `${id}-${chosen}` : undefined}
          aria-autocomplete="list"
          autoComplete="off"
          spellCheck={false}
          maxLength={2_000}
          autoFocus
        />
        <kbd className={styles["key"]}>Esc</kbd>
      </div>
      <div className={styles["list"]} id={`${id}-list`} role="listbox" aria-label="What it can be" ref={list}>
        {groupsOf(commands).map(({ group, items }) => (
          <div key={group} role="group" aria-label={group} className={styles["group"]}>
            <p className={styles["groupName"]} aria-hidden="true">
              {group}
            </p>
            {items.map(({ command, index }) => (
              // The input has the focus, and its keys choose: an option is pressed only by a pointer.
              // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
              <div
                key={command.id}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === chosen}
                className={styles["option"]}
                onClick={() => void go(command)}
                onPointerMove={() => setAt(index)}
              >
                <Icon name={command.icon} />
                <span className={styles["title"]}>{visible(command.title)}</span>
                {command.detail !== undefined && <span className={styles["detail"]}>{visible(command.detail)}</span>}
                {index === chosen && (
                  <kbd className={styles["key"]} aria-hidden="true">
                    ↵
                  </kbd>
                )}
              </div>
            ))}
          </div>
        ))}
      </div>
      <p className={styles["foot"]} role="status">
        {submit.isRunning
          ? "Asking for its plan …"
          : (note ?? (commands.length === 0 ? "Nothing is called that." : "↑ ↓ to choose, Enter to go"))}
      </p>
    </>
  );
}

/** Commands that stand together, in their order, each with its place in the whole. */
function groupsOf(commands: readonly Command[]): { group: string; items: { command: Command; index: number }[] }[] {
  const groups: { group: string; items: { command: Command; index: number }[] }[] = [];
  for (const [index, command] of commands.entries()) {
    const last = groups.at(-1);
    if (last?.group === command.group) last.items.push({ command, index });
    else groups.push({ group: command.group, items: [{ command, index }] });
  }
  return groups;
}
