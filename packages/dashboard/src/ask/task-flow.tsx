import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { type ReactNode, useState } from "react";
import { AnswerPanel } from "../pages/tasks/answer-panel.tsx";
import { ApprovalBox } from "../pages/tasks/approval-box.tsx";
import { FeedbackPanel } from "../pages/tasks/feedback-panel.tsx";
import { HelpPanel } from "../pages/tasks/help-panel.tsx";
import { PreviewBox } from "../pages/tasks/preview-box.tsx";
import { QuestionBox } from "../pages/tasks/question-box.tsx";
import { ResultNotice } from "../pages/tasks/result-notice.tsx";
import { ResultsPanel } from "../pages/tasks/results-panel.tsx";
import { SecretsPanel } from "../pages/tasks/secrets-panel.tsx";
import { ThinkingPanel } from "../pages/tasks/thinking-panel.tsx";
import { VerbBar } from "../pages/tasks/verb-bar.tsx";
import { WavesPanel } from "../pages/tasks/waves-panel.tsx";
import { titleOf } from "../plan/plan-text.ts";
import { taskTerms, termOf } from "../text.ts";
import { Status } from "../ui/badge.tsx";
import { LinkButton } from "../ui/button.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import { FactsPanel } from "./facts-panel.tsx";
import { reachedBy } from "./phase.ts";
import { PhaseSteps } from "./phase-steps.tsx";
import { PlanPanel } from "./plan-panel.tsx";
import { RunsPanel } from "./runs-panel.tsx";
import styles from "./task-flow.module.css";
import { useTask } from "./use-task.ts";

export interface TaskFlowProps {
  taskId: string;
  /** It was asked for anew with other values: go on with that one. */
  onTask: (taskId: string) => void;
  /** As they were chosen: what an edited plan is asked for again with. */
  selectors?: readonly string[];
  /** What stands above it: how to ask for something else. */
  again?: ReactNode;
}

/** A request from its words to its end, on one page: question, plan, preview, decision, waves, result. */
export function TaskFlow({ taskId, ...rest }: TaskFlowProps) {
  const query = useTask(taskId);
  return (
    <Loaded query={query} rows={8}>
      {(task) => <Flow key={task.id} task={task} {...rest} />}
    </Loaded>
  );
}

function Flow({ task, onTask, selectors, again }: { task: TaskView } & Omit<TaskFlowProps, "taskId">) {
  const { plan, status } = task;
  const [isEditing, setIsEditing] = useState(false);
  const ended = taskHasEnded(status);
  const decides = status === "awaiting_approval";
  const runs = task.runs ?? [];
  // What a single one found stands with its output.
  const several = runs.length > 1 && runs.some((run) => run.steps.some((step) => step.result !== undefined));
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
          <VerbBar task={task} />
          {again}
          <LinkButton tone="quiet" to="/tasks/$taskId" params={{ taskId: task.id }} icon="tasks">
            All about it
          </LinkButton>
        </div>
      </header>
      <PhaseSteps
        phase={reachedBy(task)}
        failed={ended && status !== "succeeded" && status !== "simulated"}
        isQuestion={task.kind === "support"}
      />
      <div className={styles["columns"]}>
        <div className={styles["main"]}>
          {(status === "queued" || status === "thinking") && task.growing === undefined && (
            <ThinkingPanel task={task} />
          )}
          {status === "needs_input" && <QuestionBox task={task} />}
          {ended && (task.kind === "action" || status !== "succeeded") && <ResultNotice task={task} />}
          {(task.answer !== undefined || task.growing !== undefined) && <AnswerPanel task={task} />}
          {task.escalation !== undefined && <HelpPanel task={task} />}
          {(task.secrets ?? []).length > 0 && <SecretsPanel task={task} />}
          {task.rollout !== undefined && <WavesPanel task={task} />}
          {several && (
            <Panel title="What they say">
              <ResultsPanel task={task} />
            </Panel>
          )}
          <RunsPanel task={task} />
          {plan !== undefined && (
            <PlanPanel task={task} plan={plan} onTask={onTask} onEditing={setIsEditing} selectors={selectors} />
          )}
          {decides && plan?.mode === "apply" && (
            <Panel title="What would change">
              <PreviewBox task={task} />
            </Panel>
          )}
        </div>
        <aside className={styles["side"]} aria-label="Decision and facts">
          {decides && (isEditing ? <BeingEdited /> : <ApprovalBox task={task} preview={false} />)}
          <FactsPanel task={task} />
          {ended && <FeedbackPanel task={task} />}
        </aside>
      </div>
    </div>
  );
}

/** Nobody says yes to a plan while its values are typed over: the yes would be to what was there before. */
function BeingEdited() {
  return (
    <Panel title="You are changing the plan">
      <p className={styles["soft"]}>Plan with your values, or leave it as it was: then it can be approved.</p>
    </Panel>
  );
}
