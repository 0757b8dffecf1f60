import type { RunView } from "@steward/contracts/run";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { plural, runTerms, termOf, visible } from "../text.ts";
import { Status } from "../ui/badge.tsx";
import { Button, LinkButton } from "../ui/button.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./task-flow.module.css";

const shownRuns = 12;

/** Each appliance's share, those that somebody must look at first; the whole output stands with the task. */
export function RunsPanel({ task }: { task: TaskView }) {
  const [all, setAll] = useState(false);
  const runs = task.runs ?? [];
  if (runs.length === 0) return null;
  const shown = all ? runs : runs.slice(0, shownRuns);
  const total = task.targetCount ?? runs.length;
  return (
    <Panel title="Appliances" note={taskHasEnded(task.status) ? undefined : "As they come in"} flush>
      <ul className={styles["runs"]}>
        {shown.map((run) => (
          <Run key={run.id} run={run} taskId={task.id} />
        ))}
      </ul>
      {(runs.length > shown.length || total > runs.length) && (
        <div className={styles["padded"]}>
          <div className={styles["buttons"]}>
            {runs.length > shown.length && (
              <Button onClick={() => setAll(true)}>Show {plural(runs.length - shown.length, "more appliance")}</Button>
            )}
            {total > runs.length && (
              <LinkButton to="/tasks/$taskId" params={{ taskId: task.id }}>
                All {total} appliances
              </LinkButton>
            )}
          </div>
        </div>
      )}
    </Panel>
  );
}

function Run({ run, taskId }: { run: RunView; taskId: string }) {
  return (
    <li className={styles["run"]}>
      <span className={styles["name"]}>
        <Said>{run.applianceName}</Said>
      </span>
      <Status of={termOf(runTerms, run.status)} />
      <span className={styles["what"]}>{whatText(run)}</span>
      {run.status !== "pending" && (
        <LinkButton
          tone="quiet"
          to="/tasks/$taskId"
          params={{ taskId }}
          search={{ run: run.applianceId } as never}
          aria-label={`Output of ${visible(run.applianceName)}`}
        >
          Output
        </LinkButton>
      )}
    </li>
  );
}

function whatText(run: RunView): string {
  if (run.reason !== undefined) return visible(run.reason);
  if (run.status === "simulated") return "nothing was changed";
  const failed = run.steps.find((step) => step.status === "failed");
  if (failed?.reason !== undefined) return visible(`${failed.action}: ${failed.reason}`);
  if (!runHasEnded(run.status)) return "";
  const changed = run.steps.reduce((sum, step) => sum + step.changed, 0);
  return changed === 0 ? "nothing to change" : `${changed} changed`;
}
