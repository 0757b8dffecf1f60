import type { TaskView } from "@steward/contracts/task";
import { taskTerms, termOf } from "../../text.ts";
import { NextSteps } from "../../ask/next-steps.tsx";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";

/** How it ended, in one sentence, and what can be done next. */
export function ResultNotice({ task }: { task: TaskView }) {
  const { result, status } = task;
  const { text, tone } = termOf(taskTerms, status);
  return (
    <section className={classes(styles["notice"], styles[tone])} aria-label="How it ended">
      <Icon name={tone === "good" ? "check" : tone === "bad" ? "warn" : "info"} />
      <div>
        <p className={styles["noticeTitle"]}>{result === undefined ? `It ${text}.` : <Said>{result.message}</Said>}</p>
        {status === "simulated" && (
          <p>
            Simulated: nothing was changed on any appliance. For real changes in sandboxes, whoever runs this demo says{" "}
            <code>npm run sandbox</code> once, and starts it again.
          </p>
        )}
        <NextSteps next={result?.next ?? []} />
      </div>
    </section>
  );
}
