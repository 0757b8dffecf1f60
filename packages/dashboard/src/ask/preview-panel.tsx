import { taskRoutes } from "@steward/contracts/routes/tasks";
import { taskHasEnded } from "@steward/contracts/states";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useApi } from "../api/use-api.ts";
import { PreviewDiff } from "../plan/preview-diff.tsx";
import { Icon } from "../ui/icon.tsx";
import { Loaded } from "../ui/loaded.tsx";
import { Panel } from "../ui/page.tsx";
import styles from "./task-flow.module.css";

/** What the newest preview of the plan has found so far. */
export function PreviewPanel({ task }: { task: TaskView }) {
  const [ended, setEnded] = useState<string>();
  const isOver = ended === task.previewTaskId;
  const query = useApi(
    taskRoutes.getPreview,
    { params: { taskId: task.id } },
    { every: isOver ? "background" : "watched" },
  );
  const { data } = query;
  if (data !== undefined && taskHasEnded(data.status) && data.taskId === task.previewTaskId && !isOver)
    setEnded(data.taskId);
  const isOther = data !== undefined && task.plan !== undefined && data.contentHash !== task.plan.contentHash;
  return (
    <Panel title="What would change">
      <div className={styles["stack"]}>
        {isOther && (
          <p className={styles["wait"]}>
            <Icon name="warn" size={14} /> This preview is of another plan than the one above.
          </p>
        )}
        <Loaded query={query}>{(preview) => <PreviewDiff preview={preview} />}</Loaded>
      </div>
    </Panel>
  );
}
