import { taskRoutes } from "@steward/contracts/routes/tasks";
import { waitRoutes } from "@steward/contracts/routes/wait";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useApi, useChange } from "../../api/use-api.ts";
import { PreviewDiff } from "../../plan/preview-diff.tsx";
import { Button } from "../../ui/button.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import styles from "./task.module.css";
import { usePossible } from "./use-possible.ts";

/** What the plan would change, looked up on each appliance without changing anything. */
export function PreviewBox({ task }: { task: TaskView }) {
  const can = usePossible(task);
  const { previewTaskId, plan } = task;
  const preview = useApi(
    taskRoutes.getPreview,
    { params: { taskId: task.id } },
    { enabled: previewTaskId !== undefined, every: "watched" },
  );
  const make = useChange(taskRoutes.previewTask, {
    refreshes: [waitRoutes.getTask, taskRoutes.getPreview, taskRoutes.explainGate],
  });
  const isRunning = preview.data !== undefined && !taskHasEnded(preview.data.status);
  const isOld = preview.data !== undefined && plan !== undefined && preview.data.contentHash !== plan.contentHash;
  if (previewTaskId === undefined && !can.has("preview")) return null;
  return (
    <div className={styles["preview"]}>
      {can.has("preview") && (
        <Button
          icon="eye"
          busy={make.isRunning || isRunning}
          onClick={() => void make.run({ params: { taskId: task.id } })}
        >
          {previewTaskId === undefined ? "Preview what would change" : "Preview again"}
        </Button>
      )}
      {previewTaskId !== undefined && (
        <>
          {isOld && <p className={styles["soft"]}>This preview is of an earlier plan.</p>}
          <Loaded query={preview} rows={3}>
            {(found) => <PreviewDiff preview={found} />}
          </Loaded>
          <Link to="/tasks/$taskId" params={{ taskId: previewTaskId }} className={styles["soft"]}>
            The preview as a task of its own
          </Link>
        </>
      )}
    </div>
  );
}
