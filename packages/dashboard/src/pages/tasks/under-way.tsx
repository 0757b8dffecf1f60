import type { CommandStats } from "@steward/contracts/commands";
import { commandRoutes } from "@steward/contracts/routes/commands";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { runHasEnded, type RunStatus } from "@steward/contracts/states";
import { Link } from "@tanstack/react-router";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, runTerms, spanText, termOf } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./tasks.module.css";

/** What runs on the appliances at this moment, and what is stuck there; not there when nothing runs. */
export function UnderWay() {
  const stats = useApi(commandRoutes.commandStats, {}, { every: "background" });
  const { data } = stats;
  if (data === undefined || (data.tasks.running === 0 && data.stuck.length === 0)) return null;
  return (
    <Panel title="On the appliances now" note={runningText(data)} actions={data.stuck.length > 0 && <EndStuck />}>
      <Loaded query={stats}>{(now) => <Now stats={now} />}</Loaded>
    </Panel>
  );
}

function runningText({ tasks, more }: CommandStats): string {
  return `${plural(tasks.running, "task")}${more ? " or more" : ""} ${tasks.running === 1 && !more ? "runs" : "run"}.`;
}

function Now({ stats }: { stats: CommandStats }) {
  const { doorbells, longestRunSeconds, longestWaitSeconds, stuck } = stats;
  const open = Object.entries(stats.runs).filter(([status]) => !runHasEnded(status as RunStatus));
  const done = Object.entries(stats.runs).reduce(
    (sum, [status, count]) => sum + (runHasEnded(status as RunStatus) ? count : 0),
    0,
  );
  return (
    <>
      <ul className={styles["numbers"]}>
        {open.map(([status, count]) => (
          <li key={status}>
            <strong>{count}</strong> {termOf(runTerms, status).text}
            {status === "sent" && longestWaitSeconds !== undefined && `, for up to ${spanText(longestWaitSeconds)}`}
          </li>
        ))}
        <li>
          <strong>{done}</strong> done
        </li>
        {longestRunSeconds !== undefined && (
          <li>
            the longest for <strong>{spanText(longestRunSeconds)}</strong>
          </li>
        )}
        {doorbells.again > 0 && (
          <li>
            <strong>{doorbells.again}</strong> called again
          </li>
        )}
        {doorbells.refused > 0 && (
          <li>
            <strong>{doorbells.refused}</strong> calls not taken by SSM
          </li>
        )}
      </ul>
      {stuck.length > 0 && (
        <ul className={styles["stuck"]} aria-label="Stuck">
          {stuck.map((one) => (
            <li key={one.runId}>
              <Link to="/tasks/$taskId" params={{ taskId: one.taskId }} search={{ run: one.applianceId }}>
                <Said>{one.applianceName}</Said>
              </Link>{" "}
              {termOf(runTerms, one.status).text} for {spanText(one.forSeconds)}: <Said>{one.why}</Said>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function EndStuck() {
  const me = useMe();
  const confirm = useConfirm();
  const cleanup = useChange(commandRoutes.cleanupCommands, {
    refreshes: [commandRoutes.commandStats, taskRoutes.listTasks],
    says: ({ tasks, runs }) =>
      tasks.length + runs.length === 0
        ? "Nothing is past its deadline yet."
        : `${plural(tasks.length, "task")} ended, ${plural(runs.length, "run")} being ended.`,
  });
  if (!me.may("operator")) return null;
  const end = async () => {
    const sure = await confirm({
      title: "End what is past its deadline?",
      text: "Runs that are past their deadline count as failed now, instead of within the next minute. What still works on an appliance is not stopped there.",
      verb: "End them",
    });
    if (sure) await cleanup.run({});
  };
  return (
    <Button onClick={() => void end()} busy={cleanup.isRunning}>
      End what is stuck
    </Button>
  );
}
