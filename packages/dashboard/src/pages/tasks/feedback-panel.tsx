import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import styles from "./task.module.css";
import { usePossible } from "./use-possible.ts";

/** Whether its plan or answer is what was meant: it makes the planner better. */
export function FeedbackPanel({ task }: { task: TaskView }) {
  const me = useMe();
  const can = usePossible(task);
  const mine = task.feedback?.find(({ by }) => by === me.principal.id);
  const [isWrong, setIsWrong] = useState(false);
  const [note, setNote] = useState("");
  const give = useChange(taskRoutes.giveFeedback, {
    quiet: true,
    says: "Thank you. It is kept for the planner's benchmark.",
    onDone: () => {
      setIsWrong(false);
      setNote("");
    },
  });
  if (!can.has("feedback")) return null;
  const say = (verdict: "right" | "wrong", words: string) =>
    void give.run({
      params: { taskId: task.id },
      body: { verdict, ...(words.trim() === "" ? {} : { note: words.trim() }) },
    });
  return (
    <Panel title="Was it understood?">
      <div className={styles["choices"]}>
        <Button
          icon="check"
          aria-pressed={mine?.verdict === "right"}
          onClick={() => say("right", "")}
          disabled={give.isRunning}
        >
          As I meant it
        </Button>
        <Button
          icon="close"
          aria-pressed={mine?.verdict === "wrong"}
          aria-expanded={isWrong}
          onClick={() => setIsWrong(!isWrong)}
          disabled={give.isRunning}
        >
          Not quite
        </Button>
      </div>
      {isWrong && (
        <form
          className={styles["inline"]}
          onSubmit={(event) => {
            event.preventDefault();
            say("wrong", note);
          }}
        >
          <TextField
            label="What is wrong with it"
            required={false}
            value={note}
            onChange={setNote}
            maxLength={500}
            autoFocus
          />
          <Button type="submit" tone="primary" busy={give.isRunning}>
            Send
          </Button>
        </form>
      )}
      {mine !== undefined && !isWrong && (
        <p className={styles["soft"]}>You said it is {mine.verdict}. You can change your mind.</p>
      )}
      <FieldProblems error={give.error} />
    </Panel>
  );
}
