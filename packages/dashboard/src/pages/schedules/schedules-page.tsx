import { scheduleRoutes } from "@steward/contracts/routes/schedules";
import type { ScheduleView } from "@steward/contracts/schedule";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { scheduleYaml } from "../../schedules/schedule-yaml.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { downloadText } from "../../ui/exports.ts";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { Agenda } from "./agenda.tsx";
import { NewSchedule } from "./new-schedule.tsx";
import type { SchedulesTab } from "./route.ts";
import { ScheduleTable } from "./schedule-table.tsx";
import styles from "./schedules.module.css";

const route = getRouteApi("/schedules");

export function SchedulesPage() {
  const { tab = "list", state, new: isNew, say } = route.useSearch();
  const navigate = route.useNavigate();
  const { may, tenantId } = useMe();
  const all = useApiPages(scheduleRoutes.listSchedules, { query: { limit: 200 } }, { every: "background" });
  const { hasMore, loadAll, data } = all;
  // A tenant has 500 at most: all of them are here, so that search and calendar speak of all.
  useEffect(() => {
    if (hasMore) loadAll();
  }, [hasMore, loadAll]);
  const sorted = useMemo(() => (data ?? []).toSorted((a, b) => a.name.localeCompare(b.name, "en")), [data]);
  const shown = useMemo(() => sorted.filter(({ status }) => state === undefined || status === state), [sorted, state]);
  const set = (next: Partial<{ tab: SchedulesTab; state: "active" | "paused"; new: true; say: string }>) =>
    void navigate({ search: ({ new: _new, say: _say, ...before }) => ({ ...before, ...next }) });
  const mayWrite = may("operator") && tenantId !== undefined;

  if (isNew === true && mayWrite) {
    return (
      <Page title="New schedule" lead="Steps that are done again and again, each due time once.">
        <NewSchedule words={say ?? ""} onDone={() => set({})} />
      </Page>
    );
  }
  return (
    <Page
      title="Schedules"
      lead="What is done again and again. At a due time no words are read and no model is asked: it does the steps that you see here."
      wide
      actions={
        mayWrite ? (
          <Button tone="primary" icon="add" onClick={() => set({ new: true })}>
            New schedule
          </Button>
        ) : undefined
      }
    >
      <Loaded
        query={all}
        rows={6}
        empty={(items) => items.length === 0}
        emptyState={<NoSchedules onNew={mayWrite ? (words) => set({ new: true, say: words }) : undefined} />}
      >
        {() => (
          <Tabs<SchedulesTab>
            label="Views of the schedules"
            value={tab}
            onChange={(next) => set({ tab: next })}
            tabs={[
              { id: "list", label: "All", count: sorted.length },
              { id: "calendar", label: "What is due next" },
              { id: "code", label: "As code" },
            ]}
          >
            {tab === "list" && (
              <ScheduleTable
                schedules={shown}
                state={state}
                onState={(next) =>
                  void navigate({
                    search: ({ state: _state, ...before }) => ({
                      ...before,
                      ...(next === undefined ? {} : { state: next }),
                    }),
                    replace: true,
                  })
                }
              />
            )}
            {tab === "calendar" && (
              <Panel title="The next 20 due times">
                <Agenda schedules={sorted} />
              </Panel>
            )}
            {tab === "code" && <AsCode schedules={sorted} />}
          </Tabs>
        )}
      </Loaded>
    </Page>
  );
}

const ideas = [
  "every monday at 3 update packages",
  "every day at 6 show disk usage",
  "on the first sunday of the month at 4 restart nginx",
];

function NoSchedules({ onNew }: { onNew: ((words: string) => void) | undefined }) {
  return (
    <Empty
      title="Nothing is done again and again yet"
      action={
        onNew === undefined ? undefined : (
          <Button tone="primary" onClick={() => onNew("")}>
            New schedule
          </Button>
        )
      }
    >
      <p>A schedule does the same steps at times of a time zone, for whoever matches then. For example:</p>
      <ul className={styles["ideas"]}>
        {ideas.map((idea) => (
          <li key={idea}>
            {onNew === undefined ? (
              `“${idea}”`
            ) : (
              <Button tone="quiet" onClick={() => onNew(idea)}>
                “{idea}”
              </Button>
            )}
          </li>
        ))}
      </ul>
      <Copy text={`steward schedule add --name updates "${ideas[0]}" --on ring:canary --zone Europe/Berlin`} />
    </Empty>
  );
}

function AsCode({ schedules }: { schedules: readonly ScheduleView[] }) {
  const yaml = useMemo(() => scheduleYaml(schedules), [schedules]);
  return (
    <Panel
      title="schedules.yaml"
      actions={
        <Button icon="download" onClick={() => downloadText("schedules", "yaml", yaml)}>
          Download
        </Button>
      }
    >
      <p className={styles["note"]}>
        Keep this in Git, change it there, and make the schedules what it says. What is as it is by itself is left out.
      </p>
      <Copy text="steward schedule apply schedules.yaml" />
      <Copy text={yaml} label="Copy the file" />
    </Panel>
  );
}
