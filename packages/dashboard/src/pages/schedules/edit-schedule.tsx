import { overviewRoutes } from "@steward/contracts/routes/overview";
import { scheduleRoutes } from "@steward/contracts/routes/schedules";
import type { ScheduleView } from "@steward/contracts/schedule";
import type { ActionView } from "@steward/contracts/views";
import { useMemo, useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { formOf, schemasOf } from "../../schedules/schedule-form.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { ScheduleEditor } from "./schedule-editor.tsx";
import styles from "./schedules.module.css";

export function EditSchedule({ schedule, onDone }: { schedule: ScheduleView; onDone: () => void }) {
  const actions = useApi(overviewRoutes.listActions, {}, { every: "once" });
  return (
    <Loaded query={actions} rows={8}>
      {({ items }) => <Editing schedule={schedule} actions={items} onDone={onDone} />}
    </Loaded>
  );
}

function Editing({
  schedule,
  actions,
  onDone,
}: {
  schedule: ScheduleView;
  actions: readonly ActionView[];
  onDone: () => void;
}) {
  const schemas = useMemo(() => schemasOf(actions), [actions]);
  // What was there when the form was opened: an answer that comes meanwhile takes nothing out of somebody's hands.
  const [version] = useState(schedule.version);
  const [form, setForm] = useState(() =>
    formOf(schedule.name, schedule.definition, schemas, () => crypto.randomUUID()),
  );
  const put = useChange(scheduleRoutes.putSchedule, {
    quiet: true,
    refreshes: [scheduleRoutes.getSchedule, scheduleRoutes.listSchedules],
    says: (changed) => `${changed.name} is changed`,
    onDone,
  });
  return (
    <>
      {schedule.standing !== undefined && (
        <p className={styles["paused"]}>
          It has a standing approval. Any change ends it: somebody has to approve the new content.
        </p>
      )}
      {schedule.version !== version && (
        <p className={styles["paused"]} role="status">
          Something happened to it since you opened this form. Saving puts your version in its place.
        </p>
      )}
      <ScheduleEditor
        form={form}
        onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        actions={actions}
        schemas={schemas}
        isNew={false}
        verb="Save"
        isRunning={put.isRunning}
        error={put.error}
        onSave={(definition) => void put.run({ params: { scheduleId: schedule.id }, body: definition })}
        onCancel={onDone}
      />
    </>
  );
}
