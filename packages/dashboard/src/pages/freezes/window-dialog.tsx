import { windowRoutes } from "@steward/contracts/routes/windows";
import type { Spans } from "@steward/contracts/spans";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { localZone, problemOfWhen } from "../../schedules/coming-times.ts";
import { whenOf } from "../../schedules/schedule-form.ts";
import { type WhenForm, WhenField } from "../../schedules/when-field.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField, NumberField, SelectField, TextField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { localInput, momentOf } from "../../windows/in-force.ts";
import styles from "./freezes.module.css";

const hourMs = 3_600_000;

export function WindowDialog({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<"maintenance" | "blackout">("maintenance");
  const [name, setName] = useState("");
  const [comes, setComes] = useState<"again" | "once">("again");
  const [when, setWhen] = useState<WhenForm>(() => ({
    clock: "times",
    times: { kind: "daily", time: "22:00" },
    timeZone: localZone(),
    every: "1",
    unit: "days",
  }));
  const [hours, setHours] = useState<number | undefined>(6);
  const [from, setFrom] = useState(() => localInput(Date.now() + hourMs));
  const [until, setUntil] = useState(() => localInput(Date.now() + 5 * hourMs));
  const [tags, setTags] = useState("");
  const [readsToo, setReadsToo] = useState(false);
  const [tried, setTried] = useState(false);
  const create = useChange(windowRoutes.createWindow, {
    quiet: true,
    refreshes: [windowRoutes.listWindows],
    says: (made) => `${made.name} is ${made.open ? "open" : "closed"} now`,
    onDone: onClose,
  });
  const spans = spansOf({ comes, when, hours, from, until });
  const problem = "problem" in spans ? spans.problem : undefined;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="New window"
      wide
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" type="submit" form="window" busy={create.isRunning}>
            Make this window
          </Button>
        </>
      }
    >
      <form
        id="window"
        className={styles["form"]}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (name.trim() === "" || "problem" in spans) return;
          const only = tags.split(/[\s,]+/).filter((tag) => tag !== "");
          const body = {
            kind,
            name: name.trim(),
            when: spans.when,
            ...(only.length === 0 ? {} : { tags: only }),
            ...(kind === "blackout" && readsToo ? { readsToo } : {}),
          };
          void create.run({ body });
        }}
      >
        <div className={styles["fields"]}>
          <SelectField
            label="What it is"
            value={kind}
            onChange={setKind}
            options={[
              { value: "maintenance", label: "Maintenance: changes only within it" },
              { value: "blackout", label: "Blackout: no changes within it" },
            ]}
          />
          <TextField
            label="Name"
            value={name}
            onChange={setName}
            placeholder="nights"
            maxLength={100}
            error={tried && name.trim() === "" ? "is needed" : undefined}
          />
          <SelectField
            label="It comes"
            value={comes}
            onChange={setComes}
            options={[
              { value: "again", label: "again and again" },
              { value: "once", label: "once" },
            ]}
          />
        </div>
        {comes === "again" ? (
          <>
            <WhenField
              legend="Begins"
              value={when}
              onChange={(change) => setWhen((before) => ({ ...before, ...change }))}
              error={tried ? problem : undefined}
              withRate={false}
            />
            <NumberField
              label="Lasts so many hours"
              value={hours}
              onChange={setHours}
              min={0.25}
              max={168}
              step={0.25}
              error={isLength(hours) ? undefined : "from a minute to a week"}
            />
          </>
        ) : (
          <div className={styles["fields"]}>
            <TextField label="From, on your own clocks" type="datetime-local" value={from} onChange={setFrom} />
            <TextField
              label="Until"
              type="datetime-local"
              value={until}
              onChange={setUntil}
              error={tried ? problem : undefined}
            />
          </div>
        )}
        <TextField
          label="Only for appliances with one of these tags"
          required={false}
          value={tags}
          onChange={setTags}
          placeholder="site:berlin ring:canary"
          hint="Empty: for all."
        />
        {kind === "blackout" && (
          <CheckField label="Also holds reads and previews" checked={readsToo} onChange={setReadsToo} />
        )}
        <FieldProblems error={create.error} />
      </form>
    </Dialog>
  );
}

function isLength(hours: number | undefined): hours is number {
  return hours !== undefined && Math.round(hours * 60) >= 1 && hours <= 168;
}

function spansOf(form: {
  comes: "again" | "once";
  when: WhenForm;
  hours: number | undefined;
  from: string;
  until: string;
}): { when: Spans } | { problem: string } {
  if (form.comes === "again") {
    const when = whenOf(form.when);
    const problem = problemOfWhen(when);
    if (problem !== undefined) return { problem };
    if (!isLength(form.hours) || "rate" in when) return { problem: "say how long it lasts" };
    return { when: { ...when, durationMinutes: Math.round(form.hours * 60) } };
  }
  const [from, until] = [momentOf(form.from), momentOf(form.until)];
  if (from === undefined || until === undefined) return { problem: "say from when until when" };
  return from < until ? { when: { from, until } } : { problem: "must be later than its begin" };
}
