import type { FieldProblem } from "@steward/contracts/errors";
import type { Plan } from "@steward/contracts/plan";
import { overviewRoutes } from "@steward/contracts/routes/overview";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { SubmitTask, TaskView } from "@steward/contracts/task";
import { useEffect, useState } from "react";
import { call } from "../api/caller.ts";
import { useApi, useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { type PlanEdits, PlanCards } from "../plan/plan-cards.tsx";
import { editedSteps } from "../plan/edited-steps.ts";
import { problemsBelow } from "../schema-form/problems.ts";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/page.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import { toast } from "../ui/toast.tsx";
import { useKnownFacts } from "./known-facts.ts";
import { mayEdit } from "./phase.ts";
import styles from "./task-flow.module.css";

const mostSelectors = 100;

/**
 * The plan as cards. What is edited is asked for anew as explicit steps, so that the server grounds, grades and gates it
 * like any request; the plan before it is withdrawn.
 */
export function PlanPanel({
  task,
  plan,
  onTask,
  onEditing,
  selectors,
}: {
  task: TaskView;
  plan: Plan;
  onTask: (taskId: string) => void;
  /** Whether what stands in the cards is another plan than the one that waits. */
  onEditing: (isEditing: boolean) => void;
  selectors?: readonly string[] | undefined;
}) {
  const { may } = useMe();
  const { data } = useApi(overviewRoutes.listActions, {}, { every: "once" });
  const [edits, setEdits] = useState<PlanEdits>({});
  const [tried, setTried] = useState(false);
  const change = useChange(taskRoutes.submitTask, { quiet: true });
  const actions = data?.items;
  const targets = selectors !== undefined && selectors.length > 0 ? selectors : plan.targets;
  const editable = mayEdit(task) && may("operator") && targets.length <= mostSelectors;
  const known = useKnownFacts(plan.targets[0], editable && Object.keys(edits).length > 0);
  const edited = editedSteps(plan.steps, edits, actions ?? []);
  useEffect(() => onEditing(edited.changed), [onEditing, edited.changed]);
  const problems: FieldProblem[] = tried ? [...edited.problems, ...fromServer(change.error?.fields)] : [];
  const ask = async () => {
    setTried(true);
    if (edited.problems.length > 0) return;
    const { wavesDigest: _made, ...rollout } = plan.rollout;
    const body: SubmitTask = {
      steps: edited.steps,
      targets: [...targets],
      mode: plan.mode,
      verbosity: plan.verbosity,
      rollout,
      confirm: true,
      ...(task.recipient === undefined ? {} : { recipient: task.recipient }),
    };
    const next = await change.run({ body });
    if (next === undefined) return;
    try {
      await call(taskRoutes.cancelTask, {
        params: { taskId: task.id },
        body: { reason: `asked for anew with other values: ${next.id}` },
        idempotencyKey: crypto.randomUUID(),
      });
    } catch (error) {
      // The new plan is there; that the old one still waits is no reason to lose it.
      toast.fail(error);
    }
    onTask(next.id);
  };
  return (
    <Panel
      title={plan.mode === "check" ? "The plan: only a check" : "The plan"}
      note={plan.mode === "check" ? "Shows what would change, and changes nothing." : undefined}
    >
      <div className={styles["stack"]}>
        <PlanCards
          steps={plan.steps}
          actions={actions}
          edits={edits}
          onEdit={
            editable
              ? (step, draft) => {
                  const { [step]: _before, ...others } = edits;
                  setEdits(draft === undefined ? others : { ...others, [step]: draft });
                }
              : undefined
          }
          problems={problems}
          known={known}
        />
        {Object.keys(edits).length > 0 && (
          <div className={styles["buttons"]}>
            <Button tone="primary" busy={change.isRunning} disabled={!edited.changed} onClick={() => void ask()}>
              Plan with these values
            </Button>
            <Button tone="quiet" onClick={() => setEdits({})}>
              Leave it as it was
            </Button>
            <span className={styles["small"]}>
              {edited.changed ? "The rules look at it again; nothing runs yet." : "Nothing is different yet."}
            </span>
          </div>
        )}
        {change.error !== null && Object.keys(edits).length > 0 && <FieldProblems error={change.error} />}
        {mayEdit(task) && may("operator") && !editable && (
          <p className={styles["small"]}>
            Its values can be edited where it was asked for: with so many appliances, the targets have to be named
            again.
          </p>
        )}
      </div>
    </Panel>
  );
}

/** `steps.0.variables.username` is the first card's `username`. */
function fromServer(fields: readonly FieldProblem[] | undefined): FieldProblem[] {
  return problemsBelow(fields, "steps").map(({ path, message }) => ({
    path: path.replace(/^(\d+)\.variables\./, "$1."),
    message,
  }));
}
