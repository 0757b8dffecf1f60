import type { ActionView } from "@steward/contracts/views";
import { kindText, riskRange } from "../../plan/plan-text.ts";
import { RiskBadge } from "../../plan/risk-badge.tsx";
import { describe, fieldsOf } from "../../schema-form/field.ts";
import { spanText, visible } from "../../text.ts";
import { LinkButton } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Panel } from "../../ui/page.tsx";
import styles from "./action-page.module.css";

/** What it does, how risky, with which values, in which words, and as a command. */
export function ActionFacts({ action }: { action: ActionView }) {
  const { base, top } = riskRange(action);
  const fields = fieldsOf(action.variables);
  const needed = fields.filter(({ required }) => required).map(({ name }) => ` ${name}=…`);
  return (
    <>
      <Panel title="In short">
        <Facts
          items={[
            ["Kind", kindText(action)],
            [
              "Risk",
              <span key="risk" className={styles["stack"]}>
                <RiskBadge risk={base} upTo={top} />
                {action.risk.rules.map((rule) => (
                  <span key={`${rule.variable}${rule.why}`} className={styles["small"]}>
                    {rule.risk} where <code>{visible(rule.variable)}</code> {visible(rule.why)}
                  </span>
                ))}
              </span>,
            ],
            ["Ends after", spanText(action.timeoutSeconds)],
            fields.length > 0 && [
              "Values",
              <ul key="values" className={styles["stack"]}>
                {fields.map((field) => (
                  <li key={field.name}>
                    <code>{visible(field.name)}</code>{" "}
                    <span className={styles["small"]}>
                      {visible(describe(field))}
                      {field.required ? "" : ", optional"}
                    </span>
                  </li>
                ))}
              </ul>,
            ],
          ]}
        />
      </Panel>
      <Panel title="In words" note="Each becomes a plan that you see first">
        <ul className={styles["stack"]}>
          {action.examples.slice(0, 8).map((example) => (
            <li key={example}>
              <LinkButton
                tone="quiet"
                to="/ask"
                search={{ q: example.replace(/\{\w+\}/g, "…") }}
                icon="ask"
                className={styles["example"]}
              >
                {visible(example)}
              </LinkButton>
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title="As a command">
        <Copy text={`steward actions run ${action.id}${needed.join("")} --on …`} />
      </Panel>
    </>
  );
}
