import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { AskedOfUs } from "./asked-of-us.tsx";
import { OneTenant } from "./one-tenant.tsx";
import { OpinionsMenu } from "./opinions-menu.tsx";
import { askedStatus, fits, isFiltered, type TasksSearch } from "./task-filters.ts";
import { taskColumns } from "./tasks-columns.tsx";
import { TasksFilters } from "./tasks-filters.tsx";
import { UnderWay } from "./under-way.tsx";
import { WaitingPanel } from "./waiting-panel.tsx";

const route = getRouteApi("/tasks");

const leadsTo = (task: TaskView) => ({ to: "/tasks/$taskId" as const, params: { taskId: task.id } });
const idOf = (task: TaskView) => task.id;

/** Everything that was asked for: first what waits for somebody, then all of it. */
export function TasksPage() {
  const me = useMe();
  return (
    <Page
      title="Tasks"
      lead="Everything that was asked for: what waits for somebody, what is under way, and what became of the rest."
      actions={
        <>
          <OpinionsMenu />
          {me.may("operator") && (
            <LinkButton to="/ask" tone="primary" icon="ask">
              Ask
            </LinkButton>
          )}
        </>
      }
    >
      {me.isStaff && <AskedOfUs />}
      {me.tenantId === undefined ? (
        <OneTenant />
      ) : (
        <>
          <WaitingPanel />
          <UnderWay />
          <AllTasks />
        </>
      )}
    </Page>
  );
}

function AllTasks() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const status = askedStatus(search);
  const asked = useApiPages(
    taskRoutes.listTasks,
    { query: { limit: 100, ...(status === undefined ? {} : { status }) } },
    { keepsLast: true },
  );
  const { status: chosen, type, source, on } = search;
  const rows = useMemo(
    () => asked.items.filter((task) => fits(task, { status: chosen, type, source, on } as TasksSearch)),
    [asked.items, chosen, type, source, on],
  );
  const change = (next: TasksSearch) => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });

  return (
    <Panel title="All tasks" note="Newest first." flush>
      <Loaded query={asked} rows={8}>
        {() => (
          <DataTable
            name="tasks"
            columns={taskColumns}
            rows={rows}
            rowId={idOf}
            rowTo={leadsTo}
            view={search}
            onView={({ q, sort, columns }) => change({ q, sort, columns } as TasksSearch)}
            toolbar={<TasksFilters search={search} onChange={change} />}
            hasMore={asked.hasMore}
            onMore={asked.loadMore}
            onAll={asked.loadAll}
            empty={isFiltered(search) ? <NothingFits /> : <NothingYet />}
          />
        )}
      </Loaded>
    </Panel>
  );
}

function NothingFits() {
  return (
    <Empty title="No task is like this">
      Of those that were loaded, none fits the filters. Take one away, or load more at the end of the list.
    </Empty>
  );
}

function NothingYet() {
  const me = useMe();
  return (
    <Empty
      title="Nothing was asked for yet"
      action={
        me.may("operator") && (
          <LinkButton to="/ask" tone="primary" icon="ask">
            Ask for something
          </LinkButton>
        )
      }
    >
      A task is what somebody asked for, in plain words or as an action with its values: it is planned, judged, approved
      where the risk wants it, and rolled out. From a terminal: <Copy text={'steward ask "add user john" --on all'} />
    </Empty>
  );
}
