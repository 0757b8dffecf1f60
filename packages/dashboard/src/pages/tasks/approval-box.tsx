import { approveRoutes } from "@steward/contracts/routes/approve";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { waitRoutes } from "@steward/contracts/routes/wait";
import type { TaskView } from "@steward/contracts/task";
import { hashCoversPlan } from "@steward/contracts/verify-plan";
import { useMemo, useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Person } from "../../people/person.tsx";
import { decisionText, rolloutTexts } from "../../plan/plan-text.ts";
import { RiskBadge } from "../../plan/risk-badge.tsx";
import { visible } from "../../text.ts";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Facts } from "../../ui/facts.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { BreakGlass } from "./break-glass.tsx";
import { PreviewBox } from "./preview-box.tsx";
import { ReasonDialog } from "./reason-dialog.tsx";
import styles from "./task.module.css";
import { onText } from "./tasks-columns.tsx";
import { usePossible } from "./use-possible.ts";

/**
 * The yes that a plan waits for: whose it must be, why, and what it would do. It is given for exactly the plan that is shown.
 * `preview`: false where the preview has a place of its own.
 */
export function ApprovalBox({ task, preview = true }: { task: TaskView; preview?: boolean }) {
  // All targets: the hash covers them.
  const whole = useApi(
    waitRoutes.getTask,
    { params: { taskId: task.id }, query: { view: "full" } },
    { every: "background" },
  );
  return (
    <Panel
      className={styles["asks"]}
      title="Waits for a yes"
      note={
        task.plan !== undefined && (
          <>
            Without one it comes to nothing <Moment at={new Date(task.plan.expiresAtMs).toISOString()} />.
          </>
        )
      }
    >
      <Loaded query={whole} rows={3}>
        {(known) =>
          known.plan === undefined || known.status !== "awaiting_approval" ? null : (
            <Decide task={known} preview={preview} />
          )
        }
      </Loaded>
    </Panel>
  );
}

function Decide({ task, preview }: { task: TaskView; preview: boolean }) {
  const can = usePossible(task);
  const { plan } = task;
  const covers = useMemo(() => hashCoversPlan(task), [task]);
  const gate = useApi(taskRoutes.explainGate, { params: { taskId: task.id } }, { every: "background" });
  if (plan === undefined) return null;
  const decision = decisionText(gate.data ?? task.gate);
  const why = [...new Set(decision.why)];
  return (
    <div className={styles["decide"]}>
      <p className={styles["who"]}>{decision.who}</p>
      {why.length > 0 && (
        <ul className={styles["reasons"]}>
          {why.map((line) => (
            <li key={line}>
              <Said>{line}</Said>
            </li>
          ))}
        </ul>
      )}
      <Facts
        items={[
          ["On", onText(task)],
          rolloutTexts(plan).length > 0 && ["Rollout", rolloutTexts(plan).join("; ")],
          [
            "Risk",
            <span key="risk" className={styles["riskLine"]}>
              <RiskBadge risk={plan.risk} />
              {[...new Set(plan.steps.flatMap(({ riskReasons }) => riskReasons))].map(visible).join("; ")}
            </span>,
          ],
          task.recipient !== undefined && ["Secrets", <RecipientText key="secrets" task={task} />],
        ]}
      />
      {preview && <PreviewBox task={task} />}
      {covers ? (
        <>
          {can.has("approve") ? (
            <YesNo task={task} yours={gate.data?.yourYes} />
          ) : (
            <p className={styles["soft"]}>Somebody with the role operator or approver can say yes.</p>
          )}
          {can.has("breakGlass") && <BreakGlass task={task} />}
        </>
      ) : (
        <p className={styles["distrust"]} role="alert">
          <Icon name="warn" /> The plan's hash does not cover the plan that is shown, so it cannot be approved here. Ask
          again; if that does not help, tell your provider about <code>{task.id}</code>.
        </p>
      )}
    </div>
  );
}

/** Who asked says for whom; whoever says yes reads it here. */
function RecipientText({ task: { recipient, requestedBy } }: { task: TaskView }) {
  const me = useMe();
  if (recipient === me.principal.id) return "What it makes is for you alone to open.";
  if (recipient === requestedBy.id)
    return (
      <>
        What it makes is for <Said>{requestedBy.name}</Said>, who asked, to open.
      </>
    );
  return (
    <strong>
      What it makes is for somebody else than who asked: <Person id={recipient ?? ""} />
    </strong>
  );
}

type Yours = {
  decision: string;
  approver?: string | undefined;
  retype?: string | undefined;
  reasons: { decision: string; why: string }[];
};

function YesNo({ task, yours }: { task: TaskView; yours: Yours | undefined }) {
  const confirm = useConfirm();
  const [typed, setTyped] = useState("");
  const [rejecting, setRejecting] = useState(false);
  const approve = useChange(approveRoutes.approveTask, { quiet: true, says: "Approved." });
  const reject = useChange(taskRoutes.rejectTask, {
    quiet: true,
    says: "Rejected. Nothing was changed.",
    onDone: () => setRejecting(false),
  });
  const { plan, gate, recipient } = task;
  if (plan === undefined) return null;
  // What the caller's yes would be good for is the API's to say. It knows of no retyped name yet: that it is missing is not against it.
  const retype = gate?.approver === "retype" ? gate.retype : yours?.approver === "retype" ? yours.retype : undefined;
  const against =
    yours === undefined || yours.decision === "allow" || retype !== undefined
      ? []
      : yours.reasons.filter(({ decision }) => decision !== "allow");
  const isReady = retype === undefined || typed.trim() === retype;

  const sayYes = async () => {
    if (plan.risk === "high" && retype === undefined) {
      const sure = await confirm({
        title: plan.mode === "check" ? "Run this check?" : "Do this?",
        text: "It has a high risk. You have read what it does, and where.",
        verb: "Yes, do it",
      });
      if (!sure) return;
    }
    await approve.run({
      params: { taskId: task.id },
      body: {
        planHash: plan.planHash,
        ...(retype === undefined ? {} : { confirmation: typed.trim() }),
        ...(recipient === undefined ? {} : { recipient }),
      },
    });
  };

  return (
    <form
      className={styles["yesNo"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) void sayYes();
      }}
    >
      {against.length > 0 && (
        <div className={styles["against"]}>
          <p>Your yes is not enough now:</p>
          <ul>
            {against.map(({ why }) => (
              <li key={why}>
                <Said>{why}</Said>
              </li>
            ))}
          </ul>
        </div>
      )}
      {retype !== undefined && (
        <TextField
          label={`Type ${visible(retype)} to say yes`}
          hint="It is what this is done to: you have read the name."
          value={typed}
          onChange={setTyped}
        />
      )}
      <div className={styles["choices"]}>
        <Button
          type="submit"
          tone="primary"
          icon="check"
          busy={approve.isRunning}
          disabled={!isReady || against.length > 0}
        >
          {plan.mode === "check" ? "Approve the check" : "Approve and start"}
        </Button>
        <Button tone="danger" icon="close" onClick={() => setRejecting(true)}>
          Reject
        </Button>
      </div>
      <FieldProblems error={approve.error} />
      <ReasonDialog
        open={rejecting}
        title="Say no to this plan?"
        text="Nothing was changed, and nothing will be."
        verb="Reject it"
        danger
        busy={reject.isRunning}
        error={reject.error}
        onSay={(reason) =>
          void reject.run({ params: { taskId: task.id }, body: reason === undefined ? {} : { reason } })
        }
        onClose={() => setRejecting(false)}
      />
    </form>
  );
}
