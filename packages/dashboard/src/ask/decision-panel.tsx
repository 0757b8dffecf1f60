import { approveRoutes } from "@steward/contracts/routes/approve";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { GateResult, TaskView } from "@steward/contracts/task";
import { hashCoversPlan } from "@steward/contracts/verify-plan";
import { useMemo } from "react";
import { useApi, useChange } from "../api/use-api.ts";
import { useMe } from "../me/use-me.ts";
import { decisionText } from "../plan/plan-text.ts";
import { plural, visible } from "../text.ts";
import { Button } from "../ui/button.tsx";
import { useConfirm } from "../ui/confirm.tsx";
import { Icon } from "../ui/icon.tsx";
import { Moment } from "../ui/moment.tsx";
import { Panel } from "../ui/page.tsx";
import { FieldProblems } from "../ui/problem.tsx";
import { BreakGlass } from "./break-glass.tsx";
import { GateRules } from "./gate-rules.tsx";
import styles from "./task-flow.module.css";

/**
 * Yes or no to exactly the plan that is shown: its hash is computed here, and a plan that it does not cover cannot be
 * approved. What the gate would say to this person's yes is asked beforehand, so that nobody presses in vain.
 */
export function DecisionPanel({ task }: { task: TaskView }) {
  const me = useMe();
  const confirm = useConfirm();
  const { data: explained } = useApi(taskRoutes.explainGate, { params: { taskId: task.id } }, { every: "background" });
  const approve = useChange(approveRoutes.approveTask, { quiet: true });
  const reject = useChange(taskRoutes.rejectTask, { quiet: true, says: "Not approved. Nothing was changed." });
  const preview = useChange(taskRoutes.previewTask, { quiet: true });
  const covered = useMemo(() => hashCoversPlan(task), [task]);
  const { plan } = task;
  if (plan === undefined) return null;
  const mine: GateResult | undefined = explained?.yourYes ?? task.gate;
  const { tone, who, why } = decisionText(mine);
  const isPerson = me.principal.kind === "person";
  const needsOther = mine?.approver === "other" && task.requestedBy.id === me.principal.id;
  const may =
    me.may("operator") && isPerson && mine?.decision !== "deny" && mine?.approver !== "break_glass" && !needsOther;
  const isCheck = plan.mode === "check";
  const where = plural(plan.targets.length, "appliance");
  const yes = async () => {
    const retype = mine?.approver === "retype" ? (mine.retype ?? "") : undefined;
    if (retype !== undefined) {
      const sure = await confirm({
        title: isCheck ? "Run this check?" : `Do this on ${where}?`,
        text: `The plan has ${plan.risk} risk, and nobody else can say yes. What the steps above say then happens on ${where}.`,
        verb: isCheck ? "Run the check" : `Do it on ${where}`,
        danger: true,
        retype,
      });
      if (!sure) return;
    }
    await approve.run({
      params: { taskId: task.id },
      body: {
        planHash: plan.planHash,
        ...(retype === undefined ? {} : { confirmation: retype }),
        ...(task.recipient === undefined ? {} : { recipient: task.recipient }),
      },
    });
  };
  const busy = approve.isRunning || reject.isRunning;
  return (
    <Panel title={isCheck ? "Run this check?" : "Do this?"}>
      <div className={styles["decision"]}>
        <p className={styles["who"]} role="status">
          <span className={styles[tone]}>
            <Icon name={tone === "good" ? "check" : tone === "bad" ? "stop" : "people"} size={14} />
          </span>{" "}
          {who}
        </p>
        {why.length > 0 && (
          <ul className={styles["reasons"]}>
            {why.map((reason) => (
              <li key={reason}>
                <span className={styles["wait"]}>
                  <Icon name="warn" size={14} />
                </span>
                <span>{visible(reason)}</span>
              </li>
            ))}
          </ul>
        )}
        {!covered && (
          <p className={styles["bad"]} role="alert">
            The plan’s hash does not cover the plan that is shown, so it cannot be approved here. Ask again; if that
            does not help, tell your provider about {task.id}.
          </p>
        )}
        {me.may("operator") && (
          <div className={styles["buttons"]}>
            {may && (
              <Button
                tone="primary"
                icon="check"
                busy={approve.isRunning}
                disabled={!covered || busy}
                onClick={() => void yes()}
              >
                {isCheck ? `Check ${where}` : `Do it on ${where}`}
              </Button>
            )}
            {!isCheck && task.previewOf === undefined && (
              <Button
                icon="eye"
                busy={preview.isRunning}
                onClick={() => void preview.run({ params: { taskId: task.id } })}
              >
                {task.previewTaskId === undefined ? "Preview" : "Preview again"}
              </Button>
            )}
            {isPerson && (
              <Button
                tone="quiet"
                icon="close"
                busy={reject.isRunning}
                disabled={busy}
                onClick={() =>
                  void reject.run({ params: { taskId: task.id }, body: { reason: "declined when the plan was shown" } })
                }
              >
                Do nothing
              </Button>
            )}
          </div>
        )}
        {!me.may("operator") && <p className={styles["soft"]}>You may look at it. An operator or approver decides.</p>}
        <FieldProblems error={approve.error ?? reject.error ?? preview.error} />
        {me.may("approver") &&
          isPerson &&
          mine !== undefined &&
          (mine.decision === "deny" || needsOther || mine.approver === "break_glass" || mine.approver === "other") && (
            <BreakGlass task={task} plan={plan} disabled={!covered} />
          )}
        <p className={styles["small"]}>
          The plan holds until it expires: <Moment at={new Date(plan.expiresAtMs).toISOString()} />.
        </p>
        {explained !== undefined && <GateRules rules={explained.rules} />}
      </div>
    </Panel>
  );
}
