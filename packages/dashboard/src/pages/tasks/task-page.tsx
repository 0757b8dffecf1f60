import { waitRoutes } from "@steward/contracts/routes/wait";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { taskTitle } from "../../text.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { OneTenant } from "./one-tenant.tsx";
import { TaskBody } from "./task-body.tsx";
import { TaskLead } from "./task-lead.tsx";
import { VerbBar } from "./verb-bar.tsx";

const route = getRouteApi("/tasks/$taskId");

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
  const asked = useApi(waitRoutes.getTask, { params: { taskId }, query: { view: "brief", answerFrom: 0 } });
  const task = asked.data;
  return (
    <Page
      title={task === undefined ? "Task" : shortTitle(task)}
      heading={task === undefined ? "Task" : <Said>{taskTitle(task)}</Said>}
      lead={task !== undefined && <TaskLead task={task} />}
      actions={task !== undefined && <VerbBar task={task} />}
      wide
    >
      <Loaded query={asked} rows={10}>
        {(known) => <TaskBody task={known} />}
      </Loaded>
    </Page>
  );
}

function shortTitle(task: TaskView): string {
  const title = taskTitle(task);
  const mark = taskHasEnded(task.status) ? "" : "● ";
  return `${mark}${title.length > 60 ? `${title.slice(0, 60)}…` : title}`;
}
