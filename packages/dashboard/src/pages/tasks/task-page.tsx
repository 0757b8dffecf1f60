import { waitRoutes } from "@steward/contracts/routes/wait";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import type { Every } from "../../api/polling.ts";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { taskTitle } from "../../text.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { howOften } from "./how-often.ts";
import { OneTenant } from "./one-tenant.tsx";
import { TaskBody } from "./task-body.tsx";
import { TaskLead } from "./task-lead.tsx";
import styles from "./task.module.css";
import { VerbBar } from "./verb-bar.tsx";

const route = getRouteApi("/tasks/$taskId");

/** A longer request stands whole below its heading. */
const headingCharacters = 160;

/** One task, from the words that it was asked for in to what became of it on each appliance. */
export function TaskPage() {
  const me = useMe();
  return me.tenantId === undefined ? (
    <Page title="Task">
      <OneTenant />
    </Page>
  ) : (
    <OneTask />
  );
}

function OneTask() {
  const { taskId } = route.useParams();
  // Of thousands of targets only the first come each time; what needs them all asks for them itself.
  const [every, setEvery] = useState<Every>("watched");
  const asked = useApi(waitRoutes.getTask, { params: { taskId }, query: { view: "brief", answerFrom: 0 } }, { every });
  const task = asked.data;
  const wanted = howOften(task);
  if (wanted !== every) setEvery(wanted);
  return (
    <Page
      title={task === undefined ? "Task" : shortTitle(task)}
      heading={task === undefined ? "Task" : <Said>{cutTo(taskTitle(task), headingCharacters)}</Said>}
      lead={task !== undefined && <TaskLead task={task} />}
      actions={task !== undefined && <VerbBar task={task} />}
      wide
    >
      <Loaded query={asked} rows={10}>
        {(known) => (
          <>
            {taskTitle(known).length > headingCharacters && (
              <p className={styles["whole"]}>
                <Said>{taskTitle(known)}</Said>
              </p>
            )}
            <TaskBody task={known} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function shortTitle(task: TaskView): string {
  const title = taskTitle(task);
  const mark = taskHasEnded(task.status) ? "" : "● ";
  return `${mark}${cutTo(title, 60)}`;
}

function cutTo(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters)}…` : text;
}
