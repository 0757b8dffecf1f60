import type { TaskView } from "@steward/contracts/task";
import { taskTerms, termOf } from "../text.ts";
import { Panel } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import { NextSteps } from "./next-steps.tsx";
import styles from "./task-flow.module.css";

/** How it ended, in a sentence, and what can be done next. */
export function ResultPanel({ task }: { task: TaskView }) {
  const { result, status } = task;
  return (
    <Panel title={`It ${termOf(taskTerms, status).text}`}>
      <div className={styles["stack"]}>
        {result !== undefined && <Said>{result.message}</Said>}
        <NextSteps next={result?.next ?? []} />
      </div>
    </Panel>
  );
}
