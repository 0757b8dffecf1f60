import { defaults } from "@steward/contracts/defaults";
import { overviewRoutes } from "@steward/contracts/routes/overview";
import { waitRoutes } from "@steward/contracts/routes/wait";
import type { TaskView } from "@steward/contracts/task";
import { getRouteApi } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { PlanCards } from "../../plan/plan-cards.tsx";
import { rolloutTexts } from "../../plan/plan-text.ts";
import { plural } from "../../text.ts";
import { Panel } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { ApplianceLink } from "./appliance-link.tsx";
import { ResultsPanel } from "./results-panel.tsx";
import { RulesPanel } from "./rules-panel.tsx";
import { RunsPanel } from "./runs-panel.tsx";
import styles from "./task.module.css";
import type { TaskTab } from "./task-search.ts";

const route = getRouteApi("/tasks/$taskId");

/** Runs, what they found, the plan, and what the rules say: one at a time, named in the address. */
export function TaskTabs({ task }: { task: TaskView }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { plan, runs = [], rollout } = task;
  const total = (task.waves ?? []).reduce((sum, wave) => sum + wave.total, 0);
  const hasRuns = rollout !== undefined || runs.length > 0;
  const tabs = [
    hasRuns && { id: "runs" as const, label: total === 1 ? "Run" : "Runs", ...(total > 1 ? { count: total } : {}) },
    hasRuns && total > 1 && { id: "results" as const, label: "Results" },
    plan !== undefined && { id: "plan" as const, label: "Plan" },
    plan !== undefined && { id: "rules" as const, label: "Rules" },
  ].filter((tab) => tab !== false);
  const first = tabs[0];
  if (first === undefined) return null;
  const chosen: TaskTab = tabs.find(({ id }) => id === search.tab)?.id ?? first.id;
  return (
    <Panel flush>
      <div className={styles["tabs"]}>
        <Tabs
          label="Parts of this task"
          value={chosen}
          onChange={(tab) => void navigate({ search: (before) => ({ ...before, tab }), replace: true })}
          tabs={tabs}
        >
          {chosen === "runs" && <RunsPanel task={task} total={total} />}
          {chosen === "results" && <ResultsPanel task={task} />}
          {chosen === "plan" && <PlanPart task={task} />}
          {chosen === "rules" && <RulesPanel task={task} />}
        </Tabs>
      </div>
    </Panel>
  );
}

/** The plan as it is: read only, and with all of its targets. */
function PlanPart({ task }: { task: TaskView }) {
  const isCut = (task.targetCount ?? 0) > defaults.maxTargetsListed;
  const whole = useApi(
    waitRoutes.getTask,
    { params: { taskId: task.id }, query: { view: "full" } },
    { enabled: isCut, every: "background" },
  );
  const actions = useApi(overviewRoutes.listActions, {}, { every: "once" });
  const { plan, targets } = (isCut ? whole.data : undefined) ?? task;
  if (plan === undefined) return null;
  const rollout = rolloutTexts(plan);
  return (
    <div className={styles["planPart"]}>
      <PlanCards steps={plan.steps} actions={actions.data?.items} />
      {rollout.length > 0 && <p className={styles["soft"]}>Rollout: {rollout.join("; ")}.</p>}
      <Targets targets={targets} count={task.targetCount ?? targets.length} />
    </div>
  );
}

function Targets({ targets, count }: { targets: TaskView["targets"]; count: number }) {
  return (
    <details className={styles["details"]} open={count <= 12}>
      <summary>{plural(count, "appliance")}</summary>
      <ul className={styles["targets"]}>
        {targets.map(({ id, name }) => (
          <li key={id}>
            <ApplianceLink id={id} name={name} />
          </li>
        ))}
      </ul>
      {targets.length < count && <p className={styles["soft"]}>And {count - targets.length} more.</p>}
    </details>
  );
}
