import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import type { ReactNode } from "react";
import { useMe } from "../me/use-me.ts";
import { taskTerms, termOf } from "../text.ts";
import { Status } from "../ui/badge.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Progress } from "../ui/meter.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import { titleOf } from "../plan/plan-text.ts";
import { AnswerPanel } from "./answer-panel.tsx";
import { DecisionPanel } from "./decision-panel.tsx";
import { AskProvider, Escalation } from "./escalation.tsx";
import { FactsPanel } from "./facts-panel.tsx";
import { mayAskProvider, reachedBy } from "./phase.ts";
import { PhaseSteps } from "./phase-steps.tsx";
import { PlanPanel } from "./plan-panel.tsx";
import { PreviewPanel } from "./preview-panel.tsx";
import { QuestionPanel } from "./question-panel.tsx";
import { ResultPanel } from "./result-panel.tsx";
import { ResultsPanel } from "./results-panel.tsx";
import { RunsPanel } from "./runs-panel.tsx";
import styles from "./task-flow.module.css";
import { useTask } from "./use-task.ts";

export interface TaskFlowProps {
  taskId: string;
  /** It was asked for anew with other values, or an answer's proposal was taken: go on with that one. */
  onTask: (taskId: string) => void;
  /** As they were chosen: what an edited plan is asked for again with. */
  selectors?: readonly string[];
  /** What stands above it: how to ask for something else. */
  again?: ReactNode;
}

/** A request from its words to its end, on one page: questions, plan, preview, decision, waves, result. */
export function TaskFlow({ taskId, onTask, selectors, again }: TaskFlowProps) {
  const query = useTask(taskId);
  return (
    <Loaded query={query} rows={8}>
      {(task) => <Flow key={task.id} task={task} onTask={onTask} selectors={selectors} again={again} />}
    </Loaded>
  );
}

function Flow({ task, onTask, selectors, again }: { task: TaskView } & Omit<TaskFlowProps, "taskId">) {
  const me = useMe();
  const { plan, status } = task;
  const waits = status === "queued" || status === "thinking";
  const ranOrRuns = (task.runs ?? []).length > 0 || (task.waves ?? []).length > 0;
  const asksProvider = mayAskProvider(task, { id: me.principal.id, isOperator: me.may("operator") });
  return (
    <div className={styles["flow"]}>
      <header className={styles["head"]}>
        <div className={styles["said"]}>
          <p className={styles["title"]}>
            <Said>{titleOf(task)}</Said>
          </p>
          <span role="status">
            <Status of={termOf(taskTerms, status)} />
          </span>
        </div>
        <div className={styles["actions"]}>
          {again}
          <LinkButton to="/tasks/$taskId" params={{ taskId: task.id }} icon="external">
            All about it
          </LinkButton>
        </div>
      </header>
      <PhaseSteps
        phase={reachedBy(task)}
        failed={taskHasEnded(status) && status !== "succeeded" && status !== "simulated"}
        isQuestion={task.kind === "support"}
      />
      <div className={styles["columns"]}>
        <div className={styles["main"]}>
          {waits && task.growing === undefined && <Thinking task={task} />}
          {status === "needs_input" && <QuestionPanel task={task} />}
          {(task.answer !== undefined || task.growing !== undefined) && (
            <AnswerPanel task={task} selectors={selectors} onTask={onTask} />
          )}
          {taskHasEnded(status) && <ResultPanel task={task} />}
          <Escalation task={task} />
          {asksProvider && status !== "succeeded" && <AskProvider task={task} />}
          {ranOrRuns && <ResultsPanel task={task} />}
          {ranOrRuns && <RunsPanel task={task} />}
          {plan !== undefined && <PlanPanel task={task} plan={plan} onTask={onTask} selectors={selectors} />}
          {task.previewTaskId !== undefined && <PreviewPanel task={task} />}
        </div>
        {(plan !== undefined || status === "awaiting_approval") && (
          <aside className={styles["side"]} aria-label="Decision and facts">
            {status === "awaiting_approval" && <DecisionPanel task={task} />}
            <FactsPanel task={task} />
          </aside>
        )}
      </div>
    </div>
  );
}

function Thinking({ task }: { task: TaskView }) {
  return (
    <Panel title={task.kind === "support" ? "Looking for an answer" : "Understanding what you ask for"}>
      <div className={styles["thinking"]}>
        <Progress label="Being understood" />
        <p className={styles["soft"]}>
          {task.status === "queued" ? "It waits for a worker that is free." : "A model is at work on it."} Nothing runs
          on any appliance yet.
        </p>
      </div>
    </Panel>
  );
}
