import { useState } from "react";
import { plural } from "../../../text.ts";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { CheckField, NumberField } from "../../../ui/fields.tsx";
import { type BulkChange, watchesLess } from "./bulk.ts";
import styles from "./list.module.css";

interface IntervalDialogProps {
  count: number;
  busy: boolean;
  onClose: () => void;
  onChange: (change: BulkChange) => void;
}

export function IntervalDialog({ count, busy, onClose, onChange }: IntervalDialogProps) {
  const [seconds, setSeconds] = useState<number | undefined>(60);
  const [yes, setYes] = useState(false);
  const isValid = seconds !== undefined && Number.isInteger(seconds) && seconds >= 15 && seconds <= 300;
  const needsYes = isValid && watchesLess(seconds);
  return (
    <Dialog
      open
      onOpenChange={(open) => open || onClose()}
      title={`Heartbeat of ${plural(count, "appliance")}`}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="interval" tone="primary" busy={busy} disabled={!isValid || (needsYes && !yes)}>
            Set it
          </Button>
        </>
      }
    >
      <form
        id="interval"
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          if (isValid && (!needsYes || yes)) onChange({ kind: "interval", seconds, ...(yes ? { confirm: true } : {}) });
        }}
      >
        <NumberField
          label="Seconds between two heartbeats"
          value={seconds}
          onChange={setSeconds}
          min={15}
          max={300}
          step={1}
          hint="15 to 300. It is a part of each appliance’s configuration, and counts from its next heartbeat on."
          error={isValid || seconds === undefined ? undefined : "A whole number from 15 to 300"}
        />
        {needsYes && (
          <CheckField
            label="Yes, watch them less closely"
            hint="One that goes silent is noticed after twice the interval. Your rules may want a yes for this."
            checked={yes}
            onChange={setYes}
          />
        )}
      </form>
    </Dialog>
  );
}
