import { overviewRoutes } from "@steward/contracts/routes/overview";
import { scheduleRoutes } from "@steward/contracts/routes/schedules";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { localZone, timeZones } from "../../schedules/coming-times.ts";
import {
  emptyForm,
  nameFrom,
  type ScheduleForm,
  schemasOf,
  stepForms,
  whenForm,
} from "../../schedules/schedule-form.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { ScheduleEditor } from "./schedule-editor.tsx";
import styles from "./schedules.module.css";
import { ScheduleTargets } from "./schedule-targets.tsx";

const route = getRouteApi("/schedules");
const newKey = () => crypto.randomUUID();

/** First in words, if somebody wants; then as what it will do, to be looked at and changed before it is made. */
export function NewSchedule({ words, onDone }: { words: string; onDone: () => void }) {
  const actions = useApi(overviewRoutes.listActions, {}, { every: "once" });
  const navigate = route.useNavigate();
  const [form, setForm] = useState(() => emptyForm(newKey));
  const [stage, setStage] = useState<"words" | "form">("words");
  const items = actions.data?.items;
  const schemas = useMemo(() => schemasOf(items ?? []), [items]);
  const change = (next: Partial<ScheduleForm>) => setForm((before) => ({ ...before, ...next }));
  const create = useChange(scheduleRoutes.createSchedule, {
    quiet: true,
    refreshes: [scheduleRoutes.listSchedules],
    says: (made) => `${made.name} is made`,
    onDone: (made) =>
      void navigate({ to: "/schedules/$scheduleId", params: { scheduleId: made.id }, search: {} as never }),
  });
  return (
    <Loaded query={actions} rows={8}>
      {({ items: known }) =>
        stage === "words" ? (
          <Words
            form={form}
            words={words}
            onChange={change}
            onRead={(text, reading) => {
              change({
                ...whenForm(reading.when, form.timeZone),
                steps: stepForms(reading.steps, schemas, newKey),
                name: form.name === "" ? nameFrom(reading.steps[0]?.action ?? text) : form.name,
              });
              setStage("form");
            }}
            onSkip={() => setStage("form")}
            onCancel={onDone}
          />
        ) : (
          <ScheduleEditor
            form={form}
            onChange={change}
            actions={known}
            schemas={schemas}
            isNew
            verb="Make this schedule"
            isRunning={create.isRunning}
            error={create.error}
            onSave={(definition) => void create.run({ body: { name: form.name, ...definition } })}
            onCancel={onDone}
          />
        )
      }
    </Loaded>
  );
}

type Reading = { when: Parameters<typeof whenForm>[0]; steps: Parameters<typeof stepForms>[0] };

function Words({
  form,
  words,
  onChange,
  onRead,
  onSkip,
  onCancel,
}: {
  form: ScheduleForm;
  words: string;
  onChange: (change: Partial<ScheduleForm>) => void;
  onRead: (text: string, reading: Reading) => void;
  onSkip: () => void;
  onCancel: () => void;
}) {
  const [text, setText] = useState(words);
  const [tried, setTried] = useState(false);
  const read = useChange(scheduleRoutes.readSchedule, { quiet: true, refreshes: [] });
  const needsTargets = tried && form.targets.length === 0 ? "say on which appliances" : undefined;
  return (
    <Panel title="In your own words">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (text.trim() === "" || form.targets.length === 0) return;
          const timeZone = form.timeZone.trim();
          void read
            .run({ body: { text: text.trim(), targets: form.targets, timeZone } })
            .then((reading) => reading !== undefined && onRead(text, reading));
        }}
      >
        <TextField
          label="What, and when"
          value={text}
          onChange={setText}
          placeholder="every monday at 3 update packages"
          error={tried && text.trim() === "" ? "say what is to be done, and when" : undefined}
          hint="Read once, now, and shown as steps. At a due time no words are read."
        />
        <ScheduleTargets value={form.targets} onChange={(targets) => onChange({ targets })} error={needsTargets} />
        <TextField
          label="Time zone"
          value={form.timeZone}
          onChange={(timeZone) => onChange({ timeZone })}
          list={timeZones()}
          hint={`The clocks that “at 3” means. Yours are ${localZone()}.`}
        />
        <FieldProblems error={read.error} />
        <div className={styles["buttons"]}>
          <Button type="submit" tone="primary" busy={read.isRunning}>
            Read it
          </Button>
          <Button onClick={onSkip}>Fill in a form instead</Button>
          <Button tone="quiet" onClick={onCancel}>
            Cancel
          </Button>
        </div>
      </form>
    </Panel>
  );
}
