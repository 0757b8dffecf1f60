import type { TaskView } from "@steward/contracts/task";
import { taskTerms, termOf, visible } from "../../text.ts";
import { classes } from "../../ui/classes.ts";
import { Icon } from "../../ui/icon.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";

/** How it ended, in one sentence, and what can be done next. */
export function ResultNotice({ task }: { task: TaskView }) {
  const { result, status } = task;
  const { text, tone } = termOf(taskTerms, status);
  const next = (result?.next ?? []).map(inThePage);
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
        {next.length > 0 && (
          <ul className={styles["next"]}>
            {next.map((line) => (
              <li key={line}>{visible(line)}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

/** What the API says for a terminal, where the page has a button. */
function inThePage(line: string): string {
  return line.replace(/: steward tasks escalate tsk_\w+$/, ", with the button above.");
}
