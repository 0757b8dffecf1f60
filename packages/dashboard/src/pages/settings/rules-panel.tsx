import type { ForbidRule } from "@steward/contracts/tenant-policy";
import { useState } from "react";
import { plural, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button, IconButton } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { ruleText } from "./policy.ts";
import { RuleDialog } from "./rule-dialog.tsx";
import styles from "./settings.module.css";

const maxRules = 50;

/** What is refused, or wants a second person. */
export function RulesPanel({
  rules,
  onChange,
  mayChange,
}: {
  rules: readonly ForbidRule[];
  onChange: (rules: ForbidRule[]) => void;
  mayChange: boolean;
}) {
  const [edited, setEdited] = useState<number | "new">();
  const put = (rule: ForbidRule) => {
    onChange(edited === "new" ? [...rules, rule] : rules.map((one, at) => (at === edited ? rule : one)));
    setEdited(undefined);
  };
  return (
    <Panel
      title="Forbidden"
      note={plural(rules.length, "rule")}
      actions={
        mayChange && rules.length < maxRules ? (
          <Button icon="add" onClick={() => setEdited("new")}>
            A rule
          </Button>
        ) : null
      }
      flush={rules.length > 0}
    >
      {rules.length === 0 ? (
        <Empty title="Nothing is forbidden">
          <p>
            A rule refuses what fits it, or asks for a second person: no new users in Berlin, no restarts of the mail
            server by schedules, no updates in office hours.
          </p>
        </Empty>
      ) : (
        <ul className={styles["rules"]}>
          {rules.map((rule, at) => (
            <li key={JSON.stringify(rule)}>
              <Badge tone={rule.effect === "second_person" ? "wait" : "bad"}>
                {rule.effect === "second_person" ? "second person" : "refused"}
              </Badge>
              <div className={styles["ruleWords"]}>
                <p>
                  <bdi>{visible(ruleText(rule))}</bdi>
                </p>
                <p className={styles["soft"]}>
                  <Said>{rule.why}</Said>
                </p>
              </div>
              {mayChange ? (
                <div className={styles["buttons"]}>
                  <IconButton label={`Change rule ${at + 1}`} icon="edit" onClick={() => setEdited(at)} />
                  <IconButton
                    label={`Take rule ${at + 1} away`}
                    icon="remove"
                    onClick={() => onChange(rules.filter((_, index) => index !== at))}
                  />
                </div>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {edited === undefined ? null : (
        <RuleDialog
          rule={edited === "new" ? undefined : rules[edited]}
          onDone={put}
          onClose={() => setEdited(undefined)}
        />
      )}
    </Panel>
  );
}
