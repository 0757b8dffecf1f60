import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { taskTerms, taskTitle, termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { RiskBadge } from "../../plan/risk-badge.tsx";
import { onText } from "./tasks-columns.tsx";
import styles from "./tasks.module.css";

const shown = 8;

/** What goes on only when somebody says a word: first, and not there at all when nothing waits. */
export function WaitingPanel() {
  const me = useMe();
  const approvals = useApi(taskRoutes.listTasks, { query: { status: "awaiting_approval", limit: 50 } });
  const questions = useApi(taskRoutes.listTasks, { query: { status: "needs_input", limit: 50 } });
  const waiting = [...(questions.data?.items ?? []), ...(approvals.data?.items ?? [])];
  if (waiting.length === 0) return null;
  const more = waiting.length - shown;
  return (
    <Panel
      title={me.may("operator") ? "Waits for a word" : "Waits for somebody"}
      note={`${waiting.length} of them go on only when somebody answers.`}
      flush
    >
      <ul className={styles["waiting"]}>
        {waiting.slice(0, shown).map((task) => (
          <Waiting key={task.id} task={task} />
        ))}
      </ul>
      {more > 0 && (
        <p className={styles["more"]}>
          <Link to="/tasks" search={{ status: "waiting" }}>
            {more} more
          </Link>
        </p>
      )}
    </Panel>
  );
}

function Waiting({ task }: { task: TaskView }) {
  return (
    <li>
      <Link to="/tasks/$taskId" params={{ taskId: task.id }} className={styles["waitingLink"]}>
        <Status of={termOf(taskTerms, task.status)} />
        <span className={styles["waitingWords"]}>
          <strong>
            <Said>{taskTitle(task)}</Said>
          </strong>
          <span className={styles["soft"]}>
            {task.question === undefined ? (
              <>
                {onText(task)} · <Said>{task.requestedBy.name}</Said> · <Moment at={task.createdAt} />
              </>
            ) : (
              <Said>{task.question.text}</Said>
            )}
          </span>
        </span>
        {task.plan !== undefined && <RiskBadge risk={task.plan.risk} />}
      </Link>
    </li>
  );
}
