import type { TenantPolicy } from "@steward/contracts/tenant-policy";
import { useState } from "react";
import { Button, IconButton } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./settings.module.css";

/** The exact commands that `shell.run` may run. */
export function ShellPanel({
  shell,
  onChange,
  mayChange,
}: {
  shell: TenantPolicy["shell"];
  onChange: (shell: TenantPolicy["shell"]) => void;
  mayChange: boolean;
}) {
  const [typed, setTyped] = useState("");
  const commands = shell?.commands ?? [];
  const isNew = typed.trim() !== "" && !commands.includes(typed);
  const put = (next: string[]) => onChange(next.length === 0 ? undefined : { commands: next });
  return (
    <Panel title="Commands that may be run" note="To the letter, by the action shell.run.">
      <div className={styles["form"]}>
        {commands.length === 0 ? (
          <p className={styles["soft"]}>None: shell.run is off.</p>
        ) : (
          <ul className={styles["commands"]}>
            {commands.map((command) => (
              <li key={command}>
                <Said mono>{command}</Said>
                {mayChange ? (
                  <IconButton
                    label="Take this command away"
                    icon="remove"
                    onClick={() => put(commands.filter((one) => one !== command))}
                  />
                ) : null}
              </li>
            ))}
          </ul>
        )}
        {mayChange && commands.length < 100 ? (
          <form
            className={styles["inline"]}
            onSubmit={(event) => {
              event.preventDefault();
              if (!isNew) return;
              put([...commands, typed]);
              setTyped("");
            }}
          >
            <TextField
              label="Another command"
              mono
              value={typed}
              onChange={setTyped}
              maxLength={1_000}
              placeholder="systemctl list-timers --all"
            />
            <Button type="submit" disabled={!isNew}>
              Add
            </Button>
          </form>
        ) : null}
      </div>
    </Panel>
  );
}
