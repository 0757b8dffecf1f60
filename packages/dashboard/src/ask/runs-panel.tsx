import type { RunView } from "@steward/contracts/run";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { RunDetail } from "../pages/tasks/run-detail.tsx";
import { plural, runTerms, termOf, visible } from "../text.ts";
import { Status } from "../ui/badge.tsx";
import { Button, LinkButton } from "../ui/button.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./task-flow.module.css";

const shownRuns = 12;

/** Each appliance's share, those that somebody must look at first, each with its output as it grows. */
export function RunsPanel({ task }: { task: TaskView }) {
  const [all, setAll] = useState(false);
  const runs = task.runs ?? [];
  const [open, setOpen] = useState(runs.length === 1 ? runs[0]?.applianceId : undefined);
  if (runs.length === 0) return null;
  const shown = all ? runs : runs.slice(0, shownRuns);
  const total = task.targetCount ?? runs.length;
  return (
    <Panel title="Appliances" note={taskHasEnded(task.status) ? undefined : "As they come in"} flush>
      <ul className={styles["runs"]}>
        {shown.map((run) => (
          <li key={run.id}>
            <Row
              run={run}
              isOpen={open === run.applianceId}
              onOpen={() => setOpen(open === run.applianceId ? undefined : run.applianceId)}
            />
            {open === run.applianceId && (
              <div className={styles["open"]}>
                <RunDetail task={task} run={run} applianceId={run.applianceId} />
              </div>
            )}
          </li>
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

function Row({ run, isOpen, onOpen }: { run: RunView; isOpen: boolean; onOpen: () => void }) {
  return (
    <div className={styles["run"]}>
      <span className={styles["name"]}>
        <Said>{run.applianceName}</Said>
      </span>
      <span>
        <Status of={termOf(runTerms, run.status)} />
      </span>
      <span className={styles["what"]}>{whatText(run)}</span>
      <Button tone="quiet" icon={isOpen ? "up" : "down"} aria-expanded={isOpen} onClick={onOpen}>
        Output<span className="heard"> of {visible(run.applianceName)}</span>
      </Button>
    </div>
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
