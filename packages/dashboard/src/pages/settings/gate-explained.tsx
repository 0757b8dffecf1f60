import { approverWords, fineText, gateMoments, ruleName } from "@steward/contracts/gate-words";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import { waitRoutes } from "@steward/contracts/routes/wait";
import type { GateExplanation } from "@steward/contracts/task";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { verdicts } from "./gate-words.ts";
import styles from "./settings.module.css";

type Rule = GateExplanation["rules"][number];

export function GateExplained({ taskId }: { taskId: string }) {
  const task = useApi(waitRoutes.getTask, { params: { taskId }, query: { view: "brief" } }, { every: "background" });
  // Without a plan there is nothing to judge, and the API says no.
  const hasPlan = task.data?.plan !== undefined;
  const gate = useApi(taskRoutes.explainGate, { params: { taskId } }, { every: "background", enabled: hasPlan });
  return (
    <Panel
      title="Why, or why not"
      actions={
        <Link to="/tasks/$taskId" params={{ taskId }}>
          The request
        </Link>
      }
    >
      <Loaded query={task} rows={10}>
        {() =>
          hasPlan ? (
            <Loaded query={gate} rows={10}>
              {(explanation) => <Explanation explanation={explanation} />}
            </Loaded>
          ) : (
            <Empty title="It has no plan">
              <p>The rules judge plans. This request has none yet, or never got one: the request itself says why.</p>
            </Empty>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Explanation({ explanation }: { explanation: GateExplanation }) {
  const { decision, approver, moment, held, rules, yourYes } = explanation;
  const deciding = rules.filter((rule) => rule.decides);
  const against = yourYes?.reasons.filter((reason) => reason.decision !== "allow") ?? [];
  return (
    <div className={styles["form"]}>
      <p>
        <Badge tone={verdicts[decision].tone}>{verdicts[decision].text}</Badge> asked {gateMoments[moment]}
        {decision === "needs_approval" && approver !== undefined ? `: ${approverWords[approver]}` : ""}.
      </p>
      {held === undefined ? null : (
        <p role="status">
          It waits and goes on by itself
          {held.untilMs === undefined ? (
            "."
          ) : (
            <>
              {" "}
              <Moment at={new Date(held.untilMs).toISOString()} />.
            </>
          )}
        </p>
      )}
      {deciding.length === 0 ? null : (
        <section className={styles["deciding"]}>
          <h3>What decides, and what would change it</h3>
          <ul>
            {deciding.map((rule) => (
              <li key={rule.rule}>
                <strong>{ruleName(visible(rule.rule))}</strong>
                {rule.why.map((why) => (
                  <p key={why}>
                    <Said>{why}</Said>
                  </p>
                ))}
                {rule.next === undefined ? null : (
                  <p className={styles["soft"]}>
                    → <Said>{rule.next}</Said>
                  </p>
                )}
                {rule.passable && rule.decision === "deny" ? (
                  <p className={styles["soft"]}>→ An approver who breaks the glass passes over it.</p>
                ) : null}
              </li>
            ))}
          </ul>
        </section>
      )}
      {yourYes === undefined ? null : (
        <section>
          <h3>Your yes</h3>
          <p>
            <Badge tone={yourYes.decision === "allow" ? "good" : "bad"}>
              {yourYes.decision === "allow" ? "is enough" : "is not enough"}
            </Badge>
          </p>
          {against.map(({ why }) => (
            <p key={why}>
              <Said>{why}</Said>
            </p>
          ))}
        </section>
      )}
      <div className={styles["scroll"]} role="region" aria-label="Rules" tabIndex={0}>
        <table className={styles["table"]}>
          <caption className="heard">Every rule’s verdict</caption>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Verdict</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {rules.map((rule) => (
              <RuleRow key={rule.rule} rule={rule} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function RuleRow({ rule: { rule, decision, why, decides } }: { rule: Rule }) {
  return (
    <tr data-decides={decides || undefined}>
      <th scope="row">{ruleName(visible(rule))}</th>
      <td>
        <Badge tone={verdicts[decision].tone}>{verdicts[decision].text}</Badge>
      </td>
      <td className={styles["words"]}>
        {why.length === 0 ? <span className={styles["soft"]}>{fineText(rule)}</span> : <Said>{why.join(" ")}</Said>}
      </td>
    </tr>
  );
}
