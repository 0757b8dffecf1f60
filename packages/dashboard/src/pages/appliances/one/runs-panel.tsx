import type { NodeRunView } from "@steward/contracts/run";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { Link } from "@tanstack/react-router";
import { useApiPages } from "../../../api/use-api.ts";
import { bytesText, runTerms, spanText, termOf } from "../../../text.ts";
import { Status } from "../../../ui/badge.tsx";
import { type Column, DataTable } from "../../../ui/data-table.tsx";
import { Empty } from "../../../ui/empty.tsx";
import { Loaded } from "../../../ui/loaded.tsx";
import { Moment } from "../../../ui/moment.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Said } from "../../../ui/said.tsx";
import styles from "./one.module.css";

function whatOf({ operation, steps }: NodeRunView): string {
  const actions = steps.map(({ action }) => action).join(", ");
  return operation === "undo" ? `undo ${actions}`.trim() : actions;
}

function tookSeconds({ startedAt, endedAt }: NodeRunView): number | undefined {
  return startedAt === undefined || endedAt === undefined
    ? undefined
    : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
}

function changedOf({ steps }: NodeRunView): number {
  return steps.reduce((sum, { changed }) => sum + changed, 0);
}

const columns: readonly Column<NodeRunView>[] = [
  {
    id: "what",
    header: "What",
    width: 220,
    cell: (run) => <Said>{whatOf(run) || "waits to begin"}</Said>,
    text: whatOf,
  },
  {
    id: "status",
    header: "Status",
    width: 110,
    cell: ({ status }) => <Status of={termOf(runTerms, status)} />,
    text: ({ status }) => termOf(runTerms, status).text,
  },
  {
    id: "reason",
    header: "Why",
    width: 220,
    hideBelow: 760,
    cell: ({ reason }) => <Said>{reason}</Said>,
    text: ({ reason }) => reason ?? "",
  },
  {
    id: "when",
    header: "When",
    width: 110,
    cell: ({ startedAt, createdAt }) => <Moment at={startedAt ?? createdAt} />,
    text: ({ startedAt, createdAt }) => startedAt ?? createdAt,
  },
  {
    id: "took",
    header: "Took",
    width: 76,
    align: "end",
    hideBelow: 560,
    cell: (run) => {
      const seconds = tookSeconds(run);
      return seconds === undefined ? "–" : seconds < 10 ? `${seconds.toFixed(1)} s` : spanText(seconds);
    },
    text: (run) => tookSeconds(run) ?? "",
  },
  { id: "changed", header: "Changed", width: 84, align: "end", hideBelow: 640, cell: changedOf, text: changedOf },
  {
    id: "wave",
    header: "Wave",
    width: 64,
    align: "end",
    hideBelow: 900,
    cell: ({ wave }) => wave,
    text: ({ wave }) => wave,
  },
  {
    id: "attempt",
    header: "Attempt",
    width: 76,
    align: "end",
    hideBelow: 900,
    cell: ({ attempt }) => attempt,
    text: ({ attempt }) => attempt,
  },
  {
    id: "output",
    header: "Output",
    width: 80,
    align: "end",
    hideBelow: 1000,
    cell: ({ outputBytes }) => (outputBytes === undefined ? "–" : bytesText(outputBytes)),
    text: ({ outputBytes }) => outputBytes ?? "",
  },
  {
    id: "executor",
    header: "Executor",
    width: 90,
    optional: true,
    cell: ({ executor }) => executor ?? "–",
    text: ({ executor }) => executor ?? "",
  },
  {
    id: "task",
    header: "Task",
    width: 240,
    optional: true,
    cell: ({ taskId }) => <Said mono>{taskId}</Said>,
    text: ({ taskId }) => taskId,
  },
];

const nothing = (
  <Empty title="Nothing has run here yet">
    What you ask for, and what schedules do, is listed here with its task, newest first.
  </Empty>
);

/** What has run on it and what is to, of all tasks. `brief`: the newest few, in a corner. */
export function RunsPanel({ nodeId, brief = false }: { nodeId: string; brief?: boolean }) {
  const runs = useApiPages(
    taskRoutes.listNodeRuns,
    { params: { nodeId }, query: { limit: brief ? 5 : 50 } },
    { every: brief ? "background" : "watched" },
  );
  return (
    <Panel
      title={brief ? "Newest runs" : "Runs"}
      flush
      actions={
        brief ? (
          <Link to="." search={(before: object) => ({ ...before, tab: "runs" }) as never}>
            All runs
          </Link>
        ) : undefined
      }
    >
      <Loaded query={runs} rows={brief ? 5 : 10} empty={(items) => items.length === 0} emptyState={nothing}>
        {(items) =>
          brief ? (
            <ul className={styles["list"]}>
              {items.slice(0, 5).map((run) => (
                <li key={run.id}>
                  <Status of={termOf(runTerms, run.status)} />
                  <Link to="/tasks/$taskId" params={{ taskId: run.taskId }}>
                    <Said>{whatOf(run) || "waits to begin"}</Said>
                  </Link>
                  {run.reason !== undefined && <Said>{run.reason}</Said>}
                  <span className={styles["end"]}>
                    <Moment at={run.startedAt ?? run.createdAt} />
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <DataTable
              name="runs"
              columns={columns}
              rows={items}
              rowId={(run) => run.id}
              rowTo={(run) => ({ to: "/tasks/$taskId", params: { taskId: run.taskId } })}
              hasMore={runs.hasMore}
              onMore={runs.loadMore}
              onAll={runs.loadAll}
              empty={nothing}
            />
          )
        }
      </Loaded>
    </Panel>
  );
}
