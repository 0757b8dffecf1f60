import { freezeRoutes } from "@steward/contracts/routes/freezes";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { useNow } from "../../ui/moment.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { localInput, momentOf } from "../../windows/in-force.ts";
import styles from "./freezes.module.css";

const hourMs = 3_600_000;
const lengths = [
  { value: "1", label: "One hour" },
  { value: "4", label: "Four hours" },
  { value: "24", label: "A day" },
  { value: "until", label: "Until a time" },
] as const;
type Length = (typeof lengths)[number]["value"];

export function FreezeDialog({ onClose }: { onClose: () => void }) {
  const { mayStaff, tenant } = useMe();
  const nowMs = useNow();
  const [reason, setReason] = useState("");
  const [length, setLength] = useState<Length>("1");
  const [until, setUntil] = useState(() => localInput(Date.now() + 8 * hourMs));
  const [scope, setScope] = useState<"tenant" | "everything">("tenant");
  const [tried, setTried] = useState(false);
  const create = useChange(freezeRoutes.createFreeze, {
    quiet: true,
    refreshes: [freezeRoutes.listFreezes],
    says: "Frozen: nothing new starts",
    onDone: onClose,
  });
  const end = length === "until" ? momentOf(until) : undefined;
  const isPast = end !== undefined && Date.parse(end) <= nowMs;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Let nothing new start"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="danger" type="submit" form="freeze" busy={create.isRunning}>
            Freeze
          </Button>
        </>
      }
    >
      <form
        id="freeze"
        className={styles["form"]}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          const at = length === "until" ? end : new Date(Date.now() + Number(length) * hourMs).toISOString();
          if (reason.trim() === "" || at === undefined || isPast) return;
          void create.run({ body: { scope, reason: reason.trim(), until: at } });
        }}
      >
        <p>
          Tasks, schedules and rollouts wait until it is over. A run that has begun goes on; a wave that has not, waits.
        </p>
        <TextField
          label="Why"
          value={reason}
          onChange={setReason}
          placeholder="moving the office"
          maxLength={500}
          error={tried && reason.trim() === "" ? "say why: everybody whose change waits sees it" : undefined}
        />
        <SelectField<Length> label="For how long" value={length} onChange={setLength} options={lengths} />
        {length === "until" && (
          <TextField
            label="Until, on your own clocks"
            type="datetime-local"
            value={until}
            onChange={setUntil}
            error={end === undefined ? "say when it ends" : isPast ? "is over already" : undefined}
          />
        )}
        {mayStaff("admin") && (
          <SelectField
            label="Where"
            value={scope}
            onChange={setScope}
            options={[
              { value: "tenant", label: tenant === undefined ? "This tenant" : `Only ${tenant.name}` },
              { value: "everything", label: "All tenants" },
            ]}
          />
        )}
        <FieldProblems error={create.error} />
      </form>
    </Dialog>
  );
}
