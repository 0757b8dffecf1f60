import type { TaskView } from "@steward/contracts/task";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { spanText, taskTerms, taskTitle, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { readTableView } from "../../ui/table-rows.ts";
import { stationsOf, titleOf, wentBy } from "./flow-graph.ts";

const took = ({ createdAt, updatedAt }: TaskView) => (Date.parse(updatedAt) - Date.parse(createdAt)) / 1000;
const station = (task: TaskView, column: 1 | 2) => titleOf(stationsOf(task)[column]).title;

const columns: readonly Column<TaskView>[] = [
  { id: "what", header: "Request", width: 260, cell: (task) => taskTitle(task), text: taskTitle },
  {
    id: "status",
    header: "Status",
    width: 130,
    cell: ({ status }) => <Status of={termOf(taskTerms, status)} />,
    text: ({ status }) => termOf(taskTerms, status).text,
  },
  {
    id: "by",
    header: "Understood by",
    width: 120,
    hideBelow: 640,
    cell: (task) => station(task, 1),
    text: (task) => station(task, 1),
  },
  {
    id: "gate",
    header: "The gate",
    width: 110,
    hideBelow: 760,
    cell: (task) => station(task, 2),
    text: (task) => station(task, 2),
  },
  {
    id: "asked",
    header: "Asked",
    width: 100,
    hideBelow: 420,
    cell: ({ createdAt }) => <Moment at={createdAt} />,
    text: ({ createdAt }) => createdAt,
  },
  {
    id: "took",
    header: "So far",
    width: 80,
    align: "end",
    hideBelow: 560,
    cell: (task) => spanText(took(task)),
    text: took,
  },
  {
    id: "who",
    header: "Who",
    width: 120,
    hideBelow: 900,
    cell: ({ requestedBy }) => <Said>{requestedBy.name}</Said>,
    text: ({ requestedBy }) => requestedBy.name,
  },
];

const page = getRouteApi("/flow");

/** The requests of the station or the way that is chosen above; else those on their way, and then the others. */
export function FlowTasks({ tasks, at }: { tasks: readonly TaskView[]; at: string | undefined }) {
  const search = page.useSearch();
  const navigate = page.useNavigate();
  const rows = useMemo(() => (at === undefined ? tasks : tasks.filter((task) => wentBy(task, at))), [tasks, at]);
  return (
    <DataTable
      name="requests"
      columns={columns}
      rows={rows}
      rowId={({ id }) => id}
      rowTo={({ id }) => ({ to: "/tasks/$taskId", params: { taskId: id } }) as never}
      view={readTableView(search as Record<string, unknown>)}
      onView={(view) => void navigate({ search: { ...(at === undefined ? {} : { at }), ...view }, replace: true })}
      height="26rem"
      empty={<Empty title="No request went this way">Choose another one above.</Empty>}
    />
  );
}
