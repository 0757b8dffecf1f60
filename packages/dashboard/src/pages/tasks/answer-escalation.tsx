import { taskRoutes } from "@steward/contracts/routes/tasks";
import { waitRoutes } from "@steward/contracts/routes/wait";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { taskTitle } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextAreaField } from "../../ui/fields.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";

/** What the provider's staff says to a task that it was asked about. It stands at the task, for who asked. */
export function AnswerEscalation({ task, onClose }: { task: TaskView | undefined; onClose: () => void }) {
  const [note, setNote] = useState("");
  const answer = useChange(taskRoutes.answerEscalation, {
    quiet: true,
    refreshes: [taskRoutes.listEscalations, waitRoutes.getTask],
    says: "Answered. It stands at the task.",
    onDone: () => {
      setNote("");
      onClose();
    },
  });
  const send = () => {
    if (task === undefined || note.trim() === "") return;
    void answer.run({ params: { tenantId: task.tenantId, taskId: task.id }, body: { note: note.trim() } });
  };
  return (
    <Dialog
      open={task !== undefined}
      onOpenChange={(open) => open || onClose()}
      title="Answer for the provider"
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" busy={answer.isRunning} disabled={note.trim() === ""} onClick={send}>
            Send the answer
          </Button>
        </>
      }
    >
      {task !== undefined && (
        <p>
          <Said>{taskTitle(task)}</Said>
        </p>
      )}
      <TextAreaField
        label="What came of it"
        value={note}
        onChange={setNote}
        rows={5}
        autoFocus
        hint="Stands at the request, with your name. Plain words; at most 2,000 characters."
        error={note.trim().length > 2_000 ? "is too long" : undefined}
      />
      <FieldProblems error={answer.error} />
    </Dialog>
  );
}
