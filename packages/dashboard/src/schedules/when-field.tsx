import { useId, useState } from "react";
import { comingTimes, dueText, localZone, problemOfWhen, timeZones, zoneOf } from "./coming-times.ts";
import { rateUnits, type ScheduleForm, whenOf } from "./schedule-form.ts";
import { asKind, type SimpleTimes } from "./simple-times.ts";
import { whenWords } from "./when-words.ts";
import { classes } from "../ui/classes.ts";
import { NumberField, SelectField, TextField } from "../ui/fields.tsx";
import styles from "./when-field.module.css";

export type WhenForm = Pick<ScheduleForm, "clock" | "times" | "timeZone" | "every" | "unit">;

const kinds: readonly { value: SimpleTimes["kind"] | "rate"; label: string }[] = [
  { value: "hourly", label: "Every hour" },
  { value: "daily", label: "Every day" },
  { value: "weekly", label: "On days of the week" },
  { value: "monthly", label: "Once a month" },
  { value: "rate", label: "So much time apart" },
  { value: "custom", label: "A cron pattern" },
];

/** When, with its next times as the scheduler will have them. */
export function WhenField({
  value,
  onChange,
  error,
  legend = "When",
  withRate = true,
}: {
  value: WhenForm;
  onChange: (change: Partial<WhenForm>) => void;
  error: string | undefined;
  legend?: string;
  /** Also so much time apart, whatever the clocks say. */
  withRate?: boolean;
}) {
  const { clock, times } = value;
  const kind = clock === "rate" ? "rate" : times.kind;
  return (
    <fieldset className={styles["group"]}>
      <legend className={styles["legend"]}>{legend}</legend>
      <div className={styles["fields"]}>
        <SelectField
          label="How often"
          value={kind}
          onChange={(next) =>
            next === "rate" ? onChange({ clock: "rate" }) : onChange({ clock: "times", times: asKind(times, next) })
          }
          options={withRate ? kinds : kinds.filter((one) => one.value !== "rate")}
        />
        {clock === "rate" ? (
          <RateFields value={value} onChange={onChange} />
        ) : (
          <>
            <TimesFields times={times} onChange={(next) => onChange({ times: next })} error={error} />
            <TextField
              label="Time zone"
              value={value.timeZone}
              onChange={(timeZone) => onChange({ timeZone })}
              list={timeZones()}
              hint="Whose clocks it goes by, also when they are set."
            />
          </>
        )}
      </div>
      <NextTimes value={value} error={error} />
    </fieldset>
  );
}

function RateFields({ value, onChange }: { value: WhenForm; onChange: (change: Partial<WhenForm>) => void }) {
  return (
    <>
      <NumberField
        label="Every"
        value={value.every === "" ? undefined : Number(value.every)}
        onChange={(every) => onChange({ every: every === undefined ? "" : String(every) })}
        min={1}
        step={1}
      />
      <SelectField
        label="Unit"
        value={value.unit}
        onChange={(unit) => onChange({ unit })}
        options={rateUnits.map((unit) => ({ value: unit, label: unit }))}
      />
    </>
  );
}

const days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const dayNames = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

function TimesFields({
  times,
  onChange,
  error,
}: {
  times: SimpleTimes;
  onChange: (times: SimpleTimes) => void;
  error: string | undefined;
}) {
  const labelId = useId();
  if (times.kind === "custom") {
    return (
      <TextField
        label="Pattern"
        mono
        value={times.cron}
        onChange={(cron) => onChange({ ...times, cron })}
        error={error}
        hint="Minute, hour, day of the month, month, day of the week: 30 4 * * MON-FRI. L is the last day, MON#1 the first Monday."
      />
    );
  }
  if (times.kind === "hourly") {
    return (
      <NumberField
        label="At minute"
        value={times.minute}
        onChange={(minute) => onChange({ ...times, minute: Math.min(59, Math.max(0, Math.round(minute ?? 0))) })}
        min={0}
        max={59}
        step={1}
      />
    );
  }
  const time = (
    <TextField
      label="At"
      type="time"
      value={times.time}
      onChange={(next) => next !== "" && onChange({ ...times, time: next })}
    />
  );
  if (times.kind === "daily") return time;
  if (times.kind === "monthly") {
    return (
      <>
        <SelectField
          label="On the"
          value={String(times.day)}
          onChange={(day) => onChange({ ...times, day: day === "L" ? "L" : Number(day) })}
          options={[
            ...Array.from({ length: 31 }, (_, index) => ({ value: String(index + 1), label: `${index + 1}.` })),
            { value: "L", label: "last day" },
          ]}
        />
        {time}
      </>
    );
  }
  return (
    <>
      <div role="group" aria-labelledby={labelId}>
        <div id={labelId} className={styles["label"]}>
          Days
        </div>
        <div className={styles["days"]}>
          {days.map((day, index) => {
            const number = (index + 1) % 7;
            const isOn = times.days.includes(number);
            return (
              <button
                key={day}
                type="button"
                className={classes(styles["dayButton"], isOn && styles["on"])}
                aria-pressed={isOn}
                title={dayNames[index]}
                onClick={() => {
                  const left = isOn ? times.days.filter((one) => one !== number) : [...times.days, number];
                  // A week without a day would be every day.
                  if (left.length > 0) onChange({ ...times, days: left.sort((a, b) => a - b) });
                }}
              >
                {day}
              </button>
            );
          })}
        </div>
      </div>
      {time}
    </>
  );
}

const shown = 3;

function NextTimes({ value, error }: { value: WhenForm; error: string | undefined }) {
  const [nowMs] = useState(Date.now);
  const when = whenOf(value);
  const problem = problemOfWhen(when);
  const isCustom = value.clock === "times" && value.times.kind === "custom";
  if (problem !== undefined) {
    // A pattern that is being typed is told about at its field, once somebody wants to save it.
    if (isCustom) return null;
    return (
      <p className={styles["wrong"]} role={error === undefined ? undefined : "alert"}>
        {problem}
      </p>
    );
  }
  const zone = zoneOf(when);
  const here = localZone();
  return (
    <p className={styles["note"]} aria-live="polite">
      <strong>{whenWords(when)}</strong>. Next:{" "}
      {comingTimes(when, nowMs, shown)
        .map((at) => dueText(at, zone))
        .join(" · ")}
      {zone === here ? "" : `. Your own clocks are ${here}.`}
    </p>
  );
}
