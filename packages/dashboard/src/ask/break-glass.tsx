import type { Plan } from "@steward/contracts/plan";
import { approveRoutes } from "@steward/contracts/routes/approve";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../api/use-api.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextAreaField } from "../ui/fields.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import styles from "./task-flow.module.css";

/** An approver's yes, alone, past what may be passed over; with a reason that is kept. */
export function BreakGlass({ task, plan, disabled }: { task: TaskView; plan: Plan; disabled: boolean }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const change = useChange(approveRoutes.breakGlass, {
    quiet: true,
    says: "Approved past the rules.",
    onDone: () => setOpen(false),
  });
  const send = () =>
    void change.run({
      params: { taskId: task.id },
      body: {
        planHash: plan.planHash,
        reason: reason.trim(),
        ...(task.recipient === undefined ? {} : { recipient: task.recipient }),
      },
    });
  return (
    <>
      <div>
        <Button tone="quiet" icon="warn" disabled={disabled} onClick={() => setOpen(true)}>
          Break the glass …
        </Button>
      </div>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Break the glass"
        actions={
          <>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button tone="danger" busy={change.isRunning} disabled={reason.trim().length < 3} onClick={send}>
              Run it on my word alone
            </Button>
          </>
        }
      >
        <p>
          This runs at once on your word alone: past windows, blast radius, preview and the second person. It is kept in
          the audit trail, and others are told.
        </p>
        <div className={styles["stack"]}>
          <TextAreaField
            label="Why"
            hint="Everybody who looks at the task reads it."
            value={reason}
            onChange={setReason}
            rows={3}
            required
          />
          <FieldProblems error={change.error} />
        </div>
      </Dialog>
    </>
  );
}
