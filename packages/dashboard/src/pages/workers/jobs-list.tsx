import type { QueueStatus } from "@steward/contracts/queues";
import { Badge } from "../../ui/badge.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { laneTitle } from "./lanes.tsx";
import { secondsText } from "./work-text.ts";

type Job = QueueStatus["jobs"][number];

const columns: readonly Column<Job>[] = [
  { id: "task", header: "Task", width: 220, cell: ({ taskId }) => <code>{taskId}</code>, text: ({ taskId }) => taskId },
  {
    id: "lane",
    header: "Lane",
    width: 90,
    cell: ({ lane, tier }) => (tier === "claude" ? "Claude" : laneTitle(lane)),
    text: ({ lane, tier }) => (tier === "claude" ? "Claude" : lane),
  },
  {
    id: "status",
    header: "Status",
    width: 110,
    cell: (job) => {
      const { text, tone } = statusOf(job);
      return <Badge tone={tone}>{text}</Badge>;
    },
    text: (job) => statusOf(job).text,
  },
  {
    id: "since",
    header: "Since",
    width: 80,
    align: "end",
    cell: ({ sinceSeconds }) => secondsText(sinceSeconds),
    text: ({ sinceSeconds }) => sinceSeconds,
  },
];

function statusOf({ status, heldBack }: Job): { text: string; tone: "busy" | "wait" | "still" } {
  if (status === "leased") return { text: "at work", tone: "busy" };
  return heldBack ? { text: "held back", tone: "wait" } : { text: "waits", tone: "still" };
}

/** The tenant's own jobs; each leads to its task. */
export function JobsList({ jobs }: { jobs: readonly Job[] }) {
  return (
    <DataTable
      name="jobs"
      columns={columns}
      rows={jobs}
      rowId={({ id }) => id}
      rowTo={({ taskId }) => ({ to: "/tasks/$taskId", params: { taskId } }) as never}
      tools={jobs.length > 10 ? "all" : "none"}
    />
  );
}
