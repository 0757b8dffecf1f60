import type { GateExplanation } from "@steward/contracts/task";
import { visible } from "../text.ts";
import { Badge } from "../ui/badge.tsx";
import styles from "./task-flow.module.css";

const terms = { allow: "good", needs_approval: "wait", deny: "bad" } as const;
const words = { allow: "nothing against it", needs_approval: "wants a yes", deny: "refuses" } as const;

/** Every rule's own verdict, and what would change it. */
export function GateRules({ rules }: { rules: GateExplanation["rules"] }) {
  return (
    <details className={styles["details"]}>
      <summary>What each rule says</summary>
      <ul className={styles["stack"]}>
        {rules.map((rule) => (
          <li key={rule.rule}>
            <Badge tone={terms[rule.decision]}>{words[rule.decision]}</Badge> <code>{visible(rule.rule)}</code>
            {[...rule.why, ...(rule.next === undefined ? [] : [rule.next])].map((line) => (
              <p key={line} className={styles["small"]}>
                {visible(line)}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </details>
  );
}
