import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../api/use-api.ts";
import { Button } from "../ui/button.tsx";
import { TextAreaField } from "../ui/fields.tsx";
import { Moment } from "../ui/moment.tsx";
import { Panel } from "../ui/page.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./task-flow.module.css";

/** *Ask my provider*: a person looks at what Steward could not do, or would not. */
export function AskProvider({ task }: { task: Pick<TaskView, "id"> }) {
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState("");
  const change = useChange(taskRoutes.escalateTask, {
    quiet: true,
    says: "Your provider’s people were asked. Their answer will stand here.",
    onDone: () => setOpen(false),
  });
  if (!open) {
    return (
      <div className={styles["buttons"]}>
        <Button icon="people" onClick={() => setOpen(true)}>
          Ask my provider
        </Button>
        <span className={styles["small"]}>
          A person there sees what you asked for and what came of it, and answers here.
        </span>
      </div>
    );
  }
  return (
    <form
      className={styles["stack"]}
      onSubmit={(event) => {
        event.preventDefault();
        void change.run({ params: { taskId: task.id }, body: note.trim() === "" ? {} : { note: note.trim() } });
      }}
    >
      <TextAreaField
        label="What should they know?"
        required={false}
        hint="No passwords here."
        value={note}
        onChange={setNote}
        rows={3}
        autoFocus
      />
      <div className={styles["buttons"]}>
        <Button type="submit" tone="primary" busy={change.isRunning}>
          Ask my provider
        </Button>
        <Button tone="quiet" onClick={() => setOpen(false)}>
          Cancel
        </Button>
      </div>
      <FieldProblems error={change.error} />
    </form>
  );
}

/** That the provider was asked, and what its people said. */
export function Escalation({ task: { escalation } }: { task: Pick<TaskView, "escalation"> }) {
  if (escalation === undefined) return null;
  const { answer } = escalation;
  return (
    <Panel title={answer === undefined ? "Your provider was asked" : "Your provider says"}>
      <div className={styles["stack"]}>
        {answer !== undefined && (
          <>
            <p className={styles["words"]}>
              <Said>{answer.note}</Said>
            </p>
            <p className={styles["small"]}>
              <Said>{answer.name}</Said>, <Moment at={answer.at} />
            </p>
          </>
        )}
        <p className={styles["small"]}>
          Asked by <Said>{escalation.name}</Said> <Moment at={escalation.at} />
          {escalation.note !== undefined && (
            <>
              : <Said>{escalation.note}</Said>
            </>
          )}
          {answer === undefined && ". Their answer will stand here."}
        </p>
      </div>
    </Panel>
  );
}
