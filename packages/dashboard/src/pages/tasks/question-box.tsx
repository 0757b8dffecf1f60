import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { type SubmitEvent, useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";
import { usePossible } from "./use-possible.ts";

/** What the planner could not know. The task goes on with the answer. */
export function QuestionBox({ task }: { task: TaskView }) {
  const can = usePossible(task);
  const [own, setOwn] = useState("");
  const answer = useChange(taskRoutes.answerTask, { quiet: true, onDone: () => setOwn("") });
  const { question } = task;
  if (question === undefined) return null;
  const give = (text: string) => {
    if (text.trim() !== "") void answer.run({ params: { taskId: task.id }, body: { answer: text.trim() } });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    give(own);
  };
  return (
    <Panel
      className={styles["asks"]}
      title={<Said>{question.text}</Said>}
      note={
        <>
          For <code>{visible(question.variable)}</code> of <code>{visible(question.action)}</code>
          {task.expiresAt !== undefined && (
            <>
              . Without an answer it comes to nothing <Moment at={task.expiresAt} />.
            </>
          )}
        </>
      }
    >
      {can.has("answer") ? (
        <>
          {question.choices.length > 0 && (
            <div className={styles["choices"]}>
              {question.choices.map((choice) => (
                <Button key={choice} onClick={() => give(choice)} disabled={answer.isRunning}>
                  <Said>{choice}</Said>
                </Button>
              ))}
            </div>
          )}
          <form className={styles["inline"]} onSubmit={submit}>
            <TextField
              label={question.choices.length > 0 ? "Or in your own words" : "Your answer"}
              value={own}
              onChange={setOwn}
              maxLength={200}
            />
            <Button type="submit" tone="primary" busy={answer.isRunning} disabled={own.trim() === ""}>
              Answer
            </Button>
          </form>
          <FieldProblems error={answer.error} />
        </>
      ) : (
        <p className={styles["soft"]}>Somebody with the role operator can answer it.</p>
      )}
    </Panel>
  );
}
