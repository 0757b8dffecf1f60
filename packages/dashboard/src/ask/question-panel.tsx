import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { visible } from "../text.ts";
import { Button } from "../ui/button.tsx";
import { TextField } from "../ui/fields.tsx";
import { Panel } from "../ui/page.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./task-flow.module.css";

/** What the planner has to know before it goes on. A choice answers with one press. */
export function QuestionPanel({ task }: { task: TaskView }) {
  const { may } = useMe();
  const [answer, setAnswer] = useState("");
  const change = useChange(taskRoutes.answerTask, { quiet: true, onDone: () => setAnswer("") });
  const { question } = task;
  if (question === undefined) return null;
  const send = (text: string) => {
    if (text.trim() !== "") void change.run({ params: { taskId: task.id }, body: { answer: text.trim() } });
  };
  return (
    <Panel title="One question first" note={<Said>{question.text}</Said>}>
      {may("operator") ? (
        <form
          className={styles["stack"]}
          onSubmit={(event) => {
            event.preventDefault();
            send(answer);
          }}
        >
          {question.choices.length > 0 && (
            <div className={styles["choices"]} role="group" aria-label={visible(question.text)}>
              {question.choices.slice(0, 24).map((choice) => (
                <Button key={choice} disabled={change.isRunning} onClick={() => send(choice)}>
                  {visible(choice)}
                </Button>
              ))}
            </div>
          )}
          <div className={styles["buttons"]}>
            <TextField
              label={question.choices.length > 0 ? "Something else" : visible(question.text)}
              value={answer}
              onChange={setAnswer}
              maxLength={200}
              autoFocus={question.choices.length === 0}
            />
            <Button
              type="submit"
              tone="primary"
              busy={change.isRunning}
              disabled={answer.trim() === ""}
              style={{ alignSelf: "end" }}
            >
              Answer
            </Button>
          </div>
          <FieldProblems error={change.error} />
        </form>
      ) : (
        <p className={styles["soft"]}>An operator of your organisation has to answer this.</p>
      )}
    </Panel>
  );
}
