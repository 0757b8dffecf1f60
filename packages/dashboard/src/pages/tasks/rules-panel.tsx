import { approverWords, fineText, gateMoments, ruleName } from "@steward/contracts/gate-words";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { GateExplanation, TaskView } from "@steward/contracts/task";
import { sentence } from "../../problem-words.ts";
import { useApi } from "../../api/use-api.ts";
import type { Term } from "../../text.ts";
import { visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./task.module.css";

const terms: Record<GateExplanation["decision"], Term> = {
  allow: { text: "fine", tone: "good" },
  needs_approval: { text: "wants a yes", tone: "wait" },
  deny: { text: "against it", tone: "bad" },
};

/** Every rule's verdict, asked now: which of them decide, and what would change that. */
export function RulesPanel({ task }: { task: TaskView }) {
  const gate = useApi(taskRoutes.explainGate, { params: { taskId: task.id } }, { every: "background" });
  return (
    <div className={styles["planPart"]}>
      <Loaded query={gate} rows={8}>
        {(found) => <Rules gate={found} />}
      </Loaded>
    </div>
  );
}

function Rules({ gate }: { gate: GateExplanation }) {
  // What decides comes first; the others follow as the API has them.
  const rules = [...gate.rules.filter(({ decides }) => decides), ...gate.rules.filter(({ decides }) => !decides)];
  return (
    <>
      <p className={styles["stepHead"]}>
        <Status of={terms[gate.decision]} />
        <span>
          {gate.decision === "needs_approval" &&
            gate.approver !== undefined &&
            `${sentence(approverWords[gate.approver])} `}
          <span className={styles["soft"]}>Asked now, {gateMoments[gate.moment]}.</span>
        </span>
      </p>
      {gate.held !== undefined && (
        <p>
          It waits and goes on by itself
          {gate.held.untilMs !== undefined && (
            <>
              {" "}
              <Moment at={new Date(gate.held.untilMs).toISOString()} />
            </>
          )}
          .
        </p>
      )}
      {gate.yourYes !== undefined && (
        <p className={styles["soft"]}>
          Your yes {gate.yourYes.decision === "allow" ? "is enough." : "is not enough now."}
        </p>
      )}
      <ul className={styles["rules"]}>
        {rules.map((rule) => (
          <li key={rule.rule} className={rule.decides ? styles["deciding"] : undefined}>
            <span className={styles["ruleName"]}>{visible(ruleName(rule.rule))}</span>
            <Status of={terms[rule.decision]} />
            <span className={styles["ruleWhy"]}>
              {rule.why.length === 0 ? (
                <span className={styles["soft"]}>{fineText(rule.rule)}</span>
              ) : (
                rule.why.map((why) => (
                  <span key={why}>
                    <Said>{why}</Said>{" "}
                  </span>
                ))
              )}
              {rule.next !== undefined && (
                <span className={styles["soft"]}>
                  → <Said>{rule.next}</Said>
                </span>
              )}
              {rule.passable && rule.decision === "deny" && (
                <span className={styles["soft"]}>→ An approver can pass over it.</span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
