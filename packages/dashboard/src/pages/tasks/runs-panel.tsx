import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { RunView } from "@steward/contracts/run";
import { runStatuses } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { runTerms, termOf } from "../../text.ts";
import { DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { runColumns } from "./run-columns.tsx";
import { RunDetail } from "./run-detail.tsx";
import { withNewer } from "./run-text.ts";
import type { TaskSearch } from "./task-search.ts";
import styles from "./task.module.css";

const route = getRouteApi("/tasks/$taskId");
const idOf = (run: RunView) => run.applianceId;

/** The task's share of each appliance: a table, and beside it the one that is looked at. A single one needs no table. */
export function RunsPanel({ task, total }: { task: TaskView; total: number }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const runs = useRuns(task, total, search);
  const change = (next: { [Name in keyof TaskSearch]?: TaskSearch[Name] | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...next }) as TaskSearch, replace: true });
  const only = total === 1 ? task.runs?.[0] : undefined;
  if (only !== undefined) return <RunDetail task={task} run={only} applianceId={only.applianceId} />;
  const open = search.run;
  return (
    <div className={open === undefined ? styles["runs"] : styles["runsSplit"]}>
      <RunsTable task={task} total={total} runs={runs} search={search} onChange={change} />
      {open !== undefined && (
        <RunDetail
          key={open}
          task={task}
          run={runs.known.find(({ applianceId }) => applianceId === open)}
          applianceId={open}
          onClose={() => change({ run: undefined })}
        />
      )}
    </div>
  );
}

/**
 * The runs as far as they are known. A task comes with so many of them; of more the list is read page by page, and what
 * comes with the task is newer.
 */
function useRuns(task: TaskView, total: number, { wave, runs: status }: TaskSearch) {
  const newest = useMemo(() => task.runs ?? [], [task.runs]);
  const isWhole = newest.length >= total;
  const listed = useApiPages(
    taskRoutes.listRuns,
    {
      params: { taskId: task.id },
      query: { limit: 200, ...(wave === undefined ? {} : { wave }), ...(status === undefined ? {} : { status }) },
    },
    { enabled: !isWhole, keepsLast: true },
  );
  const known = useMemo(() => (isWhole ? newest : withNewer(listed.items, newest)), [isWhole, newest, listed.items]);
  return { known, isWhole, listed };
}

interface RunsTableProps {
  task: TaskView;
  total: number;
  runs: ReturnType<typeof useRuns>;
  search: TaskSearch;
  onChange: (next: { [Name in keyof TaskSearch]?: TaskSearch[Name] | undefined }) => void;
}

function RunsTable({ task, total, runs: { known, isWhole, listed }, search, onChange }: RunsTableProps) {
  const { wave, runs: status } = search;
  const rows = useMemo(
    () =>
      known.filter(
        (run) => (wave === undefined || run.wave === wave) && (status === undefined || run.status === status),
      ),
    [known, wave, status],
  );
  const waves = task.waves ?? [];
  return (
    <Loaded query={isWhole ? { data: known, error: null, refetch: () => undefined } : listed} rows={6}>
      {() => (
        <DataTable
          name="runs"
          columns={runColumns}
          rows={rows}
          rowId={idOf}
          onOpen={(run) => onChange({ run: run.applianceId === search.run ? undefined : run.applianceId })}
          {...(search.run === undefined ? {} : { open: search.run })}
          view={{
            ...(search.rq === undefined ? {} : { q: search.rq }),
            ...(search.rsort === undefined ? {} : { sort: search.rsort }),
            ...(search.rcols === undefined ? {} : { columns: search.rcols }),
          }}
          onView={({ q, sort, columns }) => onChange({ rq: q, rsort: sort, rcols: columns })}
          toolbar={
            <div className={styles["filters"]}>
              <SelectField
                label="Status of runs"
                quietLabel
                value={status ?? ""}
                onChange={(value) => onChange({ runs: value === "" ? undefined : value })}
                options={[
                  { value: "", label: "Any status" },
                  ...runStatuses.map((value) => ({ value, label: termOf(runTerms, value).text })),
                ]}
              />
              {waves.length > 1 && (
                <SelectField
                  label="Wave"
                  quietLabel
                  value={wave === undefined ? "" : String(wave)}
                  onChange={(value) => onChange({ wave: value === "" ? undefined : Number(value) })}
                  options={[
                    { value: "", label: "All waves" },
                    ...waves.map((one) => ({ value: String(one.wave), label: `Wave ${one.wave}` })),
                  ]}
                />
              )}
            </div>
          }
          hasMore={!isWhole && listed.hasMore}
          onMore={listed.loadMore}
          onAll={listed.loadAll}
          height="60vh"
          empty={
            <Empty title={total === 0 ? "Nothing has begun" : "No run is like this"}>
              {total === 0
                ? "A run is one appliance's share of a task. They are made when the first wave begins."
                : "Of the runs that there are, none has this status in this wave."}
            </Empty>
          }
        />
      )}
    </Loaded>
  );
}
