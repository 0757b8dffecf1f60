import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { Button } from "../ui/button.tsx";
import styles from "./task-flow.module.css";

/** Whether a plan or an answer is what was meant: what planning is measured by. */
export function Feedback({ task }: { task: Pick<TaskView, "id" | "feedback"> }) {
  const { principal } = useMe();
  const change = useChange(taskRoutes.giveFeedback);
  const mine = (task.feedback ?? []).find(({ by }) => by === principal.id)?.verdict;
  return (
    <div className={styles["buttons"]} role="group" aria-label="Is it what you meant?">
      <span className={styles["small"]}>Is it what you meant?</span>
      {(["right", "wrong"] as const).map((verdict) => (
        <Button
          key={verdict}
          tone="quiet"
          icon={verdict === "right" ? "check" : "close"}
          aria-pressed={mine === verdict}
          disabled={change.isRunning}
          onClick={() => void change.run({ params: { taskId: task.id }, body: { verdict } })}
        >
          {verdict === "right" ? "Yes" : "No"}
          {mine === verdict && <span className="heard"> (said)</span>}
        </Button>
      ))}
      {mine !== undefined && <span className={styles["small"]}>Noted: {mine === "right" ? "yes" : "no"}.</span>}
    </div>
  );
}
