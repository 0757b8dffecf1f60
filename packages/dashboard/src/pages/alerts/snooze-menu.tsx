import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Menu } from "../../ui/menu.tsx";
import { useNow } from "../../ui/moment.tsx";
import { localMoment, minutesUntil, snoozeChoices } from "./snooze-times.ts";

/** For how long nobody is to be told: a usual span, or until a moment. */
export function SnoozeMenu({
  onSnooze,
  busy,
  text = "Snooze",
}: {
  onSnooze: (minutes: number) => void;
  busy: boolean;
  text?: string;
}) {
  const [open, setOpen] = useState(false);
  const [until, setUntil] = useState("");
  const [tried, setTried] = useState(false);
  const result = minutesUntil(until, useNow());
  const problem = "problem" in result ? result.problem : undefined;
  const finish = () => {
    setTried(true);
    if ("problem" in result) return;
    setOpen(false);
    onSnooze(result.minutes);
  };
  return (
    <>
      <Menu
        label={text}
        trigger={
          <Button icon="pause" busy={busy}>
            {text}
          </Button>
        }
        items={[
          ...snoozeChoices.map(({ label, minutes }) => ({ label: `For ${label}`, onSelect: () => onSnooze(minutes) })),
          {
            label: "Until…",
            onSelect: () => {
              setUntil(localMoment(Date.now() + 2 * 3_600_000));
              setTried(false);
              setOpen(true);
            },
          },
        ]}
      />
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Snooze until"
        actions={
          <>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button tone="primary" onClick={finish}>
              Snooze
            </Button>
          </>
        }
      >
        <p>Nobody is told before, unless it becomes worse. If it is still so then, it is told again.</p>
        <TextField
          label="Until"
          type="datetime-local"
          value={until}
          onChange={setUntil}
          error={tried ? problem : undefined}
        />
      </Dialog>
    </>
  );
}
