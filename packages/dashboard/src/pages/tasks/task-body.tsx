import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { AnswerPanel } from "./answer-panel.tsx";
import { Panel } from "../../ui/page.tsx";
import { ApprovalBox } from "./approval-box.tsx";
import { BreakGlass } from "./break-glass.tsx";
import { FeedbackPanel } from "./feedback-panel.tsx";
import { HelpPanel } from "./help-panel.tsx";
import { QuestionBox } from "./question-box.tsx";
import { ResultNotice } from "./result-notice.tsx";
import { SecretsPanel } from "./secrets-panel.tsx";
import { TaskTabs } from "./task-tabs.tsx";
import styles from "./task.module.css";
import { ThinkingPanel } from "./thinking-panel.tsx";
import { TimelinePanel } from "./timeline-panel.tsx";
import { usePossible } from "./use-possible.ts";
import { WavesPanel } from "./waves-panel.tsx";

/** What needs a word first, then what happens or happened; how it came to be stands beside. */
export function TaskBody({ task }: { task: TaskView }) {
  const can = usePossible(task);
  const isThinking = task.status === "queued" || task.status === "thinking";
  return (
    <div className={styles["body"]}>
      <div className={styles["main"]}>
        {task.status === "needs_input" && <QuestionBox task={task} />}
        {task.status === "awaiting_approval" && <ApprovalBox task={task} />}
        {isThinking && <ThinkingPanel task={task} />}
        {taskHasEnded(task.status) && <ResultNotice task={task} />}
        {task.escalation !== undefined && <HelpPanel task={task} />}
        {(task.secrets ?? []).length > 0 && <SecretsPanel task={task} />}
        {(task.answer !== undefined || task.growing !== undefined) && <AnswerPanel task={task} />}
        {task.rollout !== undefined && <WavesPanel task={task} />}
        {task.status === "running" && can.has("breakGlass") && (
          <Panel title="A rule holds it" note="It goes on by itself as soon as the rule lets it.">
            <BreakGlass task={task} />
          </Panel>
        )}
        {(task.plan !== undefined || (task.runs ?? []).length > 0) && <TaskTabs task={task} />}
      </div>
      <div className={styles["side"]}>
        <TimelinePanel task={task} />
        <FeedbackPanel task={task} />
      </div>
    </div>
  );
}
