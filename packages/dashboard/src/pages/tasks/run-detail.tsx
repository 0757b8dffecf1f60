import type { RunView, StepResult } from "@steward/contracts/run";
import { runHasEnded, taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { runTerms, type Term, termOf, visible } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { IconButton } from "../../ui/button.tsx";
import { useNow } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { ApplianceLink } from "./appliance-link.tsx";
import { Found } from "./found.tsx";
import { ownReason, ranMs } from "./run-text.ts";
import { RunOutput } from "./run-output.tsx";
import styles from "./task.module.css";
import { msText } from "./timeline.ts";

export interface RunDetailProps {
  task: TaskView;
  /** Absent: one of thousands that is not loaded; its output can be read all the same. */
  run: RunView | undefined;
  applianceId: string;
  onClose?: () => void;
}

/** One appliance's share: each step with what it changed and found, what took long, and what the machine said. */
export function RunDetail({ task, run, applianceId, onClose }: RunDetailProps) {
  const name = run?.applianceName ?? task.targets.find(({ id }) => id === applianceId)?.name ?? applianceId;
  const isLive = run === undefined ? !taskHasEnded(task.status) : !runHasEnded(run.status);
  const hasBegun =
    run === undefined || (run.status !== "pending" && run.status !== "sent") || run.outputBytes !== undefined;
  return (
    <section className={styles["run"]} aria-label={`Run on ${visible(name)}`}>
      <header className={styles["runHead"]}>
        <h3>
          <ApplianceLink id={applianceId} name={name} />
        </h3>
        {run !== undefined && <Status of={termOf(runTerms, run.status)} />}
        {run?.executor === "simulate" && run.status !== "simulated" && <Badge tone="mock">simulated</Badge>}
        {run !== undefined && <RunFacts run={run} />}
        {onClose !== undefined && (
          <span className={styles["runClose"]}>
            <IconButton label="Close this run" icon="close" onClick={onClose} />
          </span>
        )}
      </header>
      {run?.reason !== undefined && (
        <p className={styles["runReason"]}>
          <Said>{run.reason}</Said>
        </p>
      )}
      {run !== undefined && run.steps.length > 0 && (
        <ol className={styles["steps"]}>
          {run.steps.map((step, index) => (
            <Step key={index} run={run} step={step} />
          ))}
        </ol>
      )}
      {run !== undefined && <Slowest steps={run.steps} />}
      {hasBegun ? (
        <RunOutput key={run?.attempt ?? 0} taskId={task.id} applianceId={applianceId} name={name} isLive={isLive} />
      ) : (
        <p className={styles["soft"]}>It has not begun yet, so it has said nothing.</p>
      )}
    </section>
  );
}

function RunFacts({ run }: { run: RunView }) {
  const now = useNow();
  const ms = ranMs(run, now);
  return (
    <span className={styles["soft"]}>
      {[
        `wave ${run.wave}`,
        run.attempt > 1 && `attempt ${run.attempt}`,
        run.operation === "undo" && "taking back",
        ms !== undefined && msText(ms),
      ]
        .filter(Boolean)
        .join(" · ")}
    </span>
  );
}

const stepTerms: Record<StepResult["status"], Term> = {
  succeeded: { text: "succeeded", tone: "good" },
  failed: { text: "failed", tone: "bad" },
  skipped: { text: "skipped", tone: "still" },
  simulated: { text: "simulated", tone: "mock" },
  undone: { text: "undone", tone: "wait" },
};

function Step({ run, step }: { run: RunView; step: StepResult }) {
  const reason = ownReason(run, step);
  return (
    <li className={styles["step"]}>
      <div className={styles["stepHead"]}>
        <Status of={termOf(stepTerms, step.status)} />
        <code>{visible(step.action)}</code>
        <span className={styles["soft"]}>
          {step.status === "succeeded" && (step.changed === 0 ? "nothing to change · " : `${step.changed} changed · `)}
          {msText(step.durationMs)}
        </span>
      </div>
      {reason !== undefined && (
        <p className={styles["runReason"]}>
          <Said>{reason}</Said>
        </p>
      )}
      <Found result={step.result} />
      {(step.changes ?? []).length > 0 && (
        <ul className={styles["changes"]}>
          {step.changes?.map((change, index) => (
            <li key={index}>
              <Said>{change.task}</Said>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

const shownSlowest = 5;

/** What took longest, drawn to one scale. */
function Slowest({ steps }: { steps: readonly StepResult[] }) {
  const tasks = steps
    .flatMap(({ slowest = [] }) => slowest)
    .filter(({ durationMs }) => durationMs >= 100)
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .slice(0, shownSlowest);
  const most = tasks[0]?.durationMs;
  if (most === undefined) return null;
  return (
    <details className={styles["details"]}>
      <summary>What took longest</summary>
      <ul className={styles["slowest"]}>
        {tasks.map(({ task, durationMs }, index) => (
          <li key={index}>
            <span className={styles["slowBar"]} style={{ width: `${(durationMs / most) * 100}%` }} aria-hidden="true" />
            <span className={styles["slowText"]}>
              <Said>{task}</Said>
            </span>
            <span className={styles["soft"]}>{msText(durationMs)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
