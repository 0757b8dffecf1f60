import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { plainStatus } from "../../ask/phase.ts";
import { useMe } from "../../me/use-me.ts";
import { namesText, titleOf } from "../../plan/plan-text.ts";
import { visible } from "../../text.ts";
import { Icon } from "../../ui/icon.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Problem } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { QuestionBox } from "../tasks/question-box.tsx";
import { waitsForMe } from "./plain-requests.ts";
import styles from "./home-page.module.css";

/** Questions, answered right here, and plans that wait for my yes: before anything else. */
export function WaitingForMe() {
  const { principal, may } = useMe();
  const me = { id: principal.id, role: { operator: may("operator"), approver: may("approver") } };
  const questions = useApi(
    taskRoutes.listTasks,
    { query: { status: "needs_input", limit: 20 } },
    { enabled: may("operator") },
  );
  const plans = useApi(
    taskRoutes.listTasks,
    { query: { status: "awaiting_approval", limit: 20 } },
    { enabled: may("operator") },
  );
  const asked = (questions.data?.items ?? []).filter((task) => waitsForMe(task, me));
  const waiting = (plans.data?.items ?? []).filter((task) => waitsForMe(task, me));
  const error = questions.data === undefined ? questions.error : plans.data === undefined ? plans.error : null;
  if (error !== null)
    return <Problem error={error} onRetry={() => void Promise.all([questions.refetch(), plans.refetch()])} />;
  return (
    <>
      {asked.map((task) => (
        <div key={task.id} className={styles["question"]}>
          <p className={styles["about"]}>
            About “<Said>{titleOf(task)}</Said>”
          </p>
          <QuestionBox task={task} />
        </div>
      ))}
      {waiting.length > 0 && (
        <Panel title="Waits for your yes" className={styles["waits"]} flush>
          <ul>
            {waiting.map((task) => (
              <Waiting key={task.id} task={task} me={principal.id} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

function Waiting({ task, me }: { task: TaskView; me: string }) {
  return (
    <li>
      <Link to="/ask" search={{ task: task.id }} className={styles["row"]}>
        <Icon name="people" />
        <span className={styles["what"]}>
          <Said>{titleOf(task)}</Said>
          <span className={styles["small"]}>
            {task.requestedBy.id === me ? "You asked" : visible(`${task.requestedBy.name} asked`)} for{" "}
            {namesText(
              task.targets.map(({ name }) => visible(name)),
              task.targetCount ?? task.targets.length,
            )}
            , <Moment at={task.createdAt} />. {plainStatus(task, me)}.
          </span>
        </span>
        <span className={styles["go"]}>
          Look at it <Icon name="right" size={14} />
        </span>
      </Link>
    </li>
  );
}
