import { approveRoutes } from "@steward/contracts/routes/approve";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { Button } from "../../ui/button.tsx";
import { ReasonDialog } from "./reason-dialog.tsx";
import styles from "./task.module.css";

/** An approver's yes alone and at once, past what may be passed over. It says what it is before anybody can press it. */
export function BreakGlass({ task }: { task: TaskView }) {
  const [open, setOpen] = useState(false);
  const glass = useChange(approveRoutes.breakGlass, {
    quiet: true,
    says: "Approved past the rules. Others are told.",
    onDone: () => setOpen(false),
  });
  const { plan, recipient } = task;
  if (plan === undefined) return null;
  return (
    <details className={styles["details"]}>
      <summary>It cannot wait for the rules</summary>
      <p className={styles["soft"]}>
        An approver can say yes alone and at once: past windows, blast radius, preview and the second person. It is kept
        in the trail with the reason, and others are told.
      </p>
      <Button tone="danger" icon="warn" onClick={() => setOpen(true)}>
        Break the glass …
      </Button>
      <ReasonDialog
        open={open}
        title="Break the glass?"
        text="This runs on your word alone. It is kept, and others are told."
        verb="Do it on my word"
        danger
        required
        label="Why it cannot wait"
        busy={glass.isRunning}
        error={glass.error}
        onSay={(reason) =>
          void glass.run({
            params: { taskId: task.id },
            body: { planHash: plan.planHash, reason: reason ?? "", ...(recipient === undefined ? {} : { recipient }) },
          })
        }
        onClose={() => setOpen(false)}
      />
    </details>
  );
}
