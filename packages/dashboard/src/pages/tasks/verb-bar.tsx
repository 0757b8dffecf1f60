import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TaskView } from "@steward/contracts/task";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { plural, taskTitle } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Said } from "../../ui/said.tsx";
import { ReasonDialog } from "./reason-dialog.tsx";
import { usePossible } from "./use-possible.ts";

type Asking = "pause" | "cancel" | "undo" | "escalate";

/** What can be done about it as a whole; a yes or a no to its plan is given where the plan is. */
export function VerbBar({ task }: { task: TaskView }) {
  const can = usePossible(task);
  const confirm = useConfirm();
  const [asking, setAsking] = useState<Asking>();
  const close = () => setAsking(undefined);
  const quiet = { quiet: true, onDone: close };
  const pause = useChange(taskRoutes.pauseTask, { ...quiet, says: "Paused. What was sent goes on." });
  const cancel = useChange(taskRoutes.cancelTask, { ...quiet, says: "It is being cancelled." });
  const undo = useChange(taskRoutes.undoTask, { ...quiet, says: "It is being undone." });
  const escalate = useChange(taskRoutes.escalateTask, {
    ...quiet,
    says: "Your provider is asked. The answer will stand here.",
  });
  const resume = useChange(taskRoutes.resumeTask, { says: "It goes on." });
  const retry = useChange(taskRoutes.retryTask, { says: "It is tried again." });
  const params = { taskId: task.id };
  const where = plural(task.targetCount ?? task.targets.length, "appliance");

  const tryAgain = async () => {
    const { failed = 0, cancelled = 0, undone = 0 } = task.result?.counts ?? {};
    const again = failed + cancelled + undone;
    const sure = await confirm({
      title: "Try it again?",
      text: (
        <p>
          “<Said>{taskTitle(task)}</Said>” runs once more on {plural(again, "appliance")}: where it failed, and where it
          therefore never came to. The approval that it has still holds.
        </p>
      ),
      verb: `Try again on ${plural(again, "appliance")}`,
    });
    if (sure) await retry.run({ params });
  };

  const isWord = task.rollout?.paused?.afterWave !== undefined;
  return (
    <>
      {can.has("escalate") && (
        <Button icon="people" onClick={() => setAsking("escalate")}>
          Ask my provider
        </Button>
      )}
      {can.has("retry") && (
        <Button icon="retry" onClick={() => void tryAgain()} busy={retry.isRunning}>
          Retry
        </Button>
      )}
      {can.has("undo") && (
        <Button icon="undo" onClick={() => setAsking("undo")}>
          Undo
        </Button>
      )}
      {can.has("pause") && (
        <Button icon="pause" onClick={() => setAsking("pause")}>
          Pause
        </Button>
      )}
      {can.has("resume") && (
        <Button tone="primary" icon="play" onClick={() => void resume.run({ params })} busy={resume.isRunning}>
          {isWord ? "Go on to the next wave" : "Resume"}
        </Button>
      )}
      {can.has("cancel") && (
        <Button tone="danger" icon="stop" onClick={() => setAsking("cancel")}>
          Cancel
        </Button>
      )}
      <ReasonDialog
        open={asking === "pause"}
        title="Pause it?"
        text="Nothing more of it is sent; what was sent goes on. It waits up to seven days for somebody to resume it."
        verb="Pause"
        busy={pause.isRunning}
        error={pause.error}
        onSay={(reason) => void pause.run({ params, body: reason === undefined ? {} : { reason } })}
        onClose={close}
      />
      <ReasonDialog
        open={asking === "cancel"}
        title="Cancel it?"
        text={
          task.rollout === undefined
            ? "Nothing has been changed on any appliance, and nothing will be."
            : "What has not started does not start. What was done stays done; it can be undone afterwards where the plan says so."
        }
        verb="Cancel the task"
        danger
        busy={cancel.isRunning}
        error={cancel.error}
        onSay={(reason) => void cancel.run({ params, body: reason === undefined ? {} : { reason } })}
        onClose={close}
      />
      <ReasonDialog
        open={asking === "undo"}
        title={`Undo it on up to ${where}?`}
        text="On each appliance exactly what this task changed there is taken back. Steps that cannot be undone stay as they are."
        verb="Undo it"
        danger
        busy={undo.isRunning}
        error={undo.error}
        onSay={(reason) => void undo.run({ params, body: reason === undefined ? {} : { reason } })}
        onClose={close}
      />
      <ReasonDialog
        open={asking === "escalate"}
        title="Ask your provider to look at it?"
        text="The provider's staff sees this task with its plan and what came of it. Their answer will stand here."
        verb="Ask"
        label="What they should know"
        maxLength={1_000}
        busy={escalate.isRunning}
        error={escalate.error}
        onSay={(note) => void escalate.run({ params, body: note === undefined ? {} : { note } })}
        onClose={close}
      />
    </>
  );
}
