import type { TaskView } from "@steward/contracts/task";
import { taskTerms, termOf, visible } from "../text.ts";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./task-flow.module.css";

/** How it ended, in a sentence, and what can be done next. */
export function ResultPanel({ task }: { task: TaskView }) {
  const { result, status } = task;
  return (
    <Panel title={`It ${termOf(taskTerms, status).text}`}>
      <div className={styles["stack"]}>
        {result !== undefined && <Said>{result.message}</Said>}
        {(result?.next ?? []).map((next) => (
          <p key={next} className={styles["soft"]}>
            {visible(next)}
          </p>
        ))}
      </div>
    </Panel>
  );
}
