import type { TenantPolicy } from "@steward/contracts/tenant-policy";
import { useState } from "react";
import { Button } from "../../ui/button.tsx";
import { TextAreaField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import { downloadText } from "../../ui/exports.ts";
import { parsePolicy } from "./policy.ts";
import styles from "./settings.module.css";

/** The whole policy as a document, as `steward policy show` and `set` have it: to keep it elsewhere, or to take one over. */
export function PolicyJson({
  policy,
  onChange,
}: {
  policy: TenantPolicy;
  onChange: ((policy: TenantPolicy) => void) | undefined;
}) {
  const [typed, setTyped] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const text = JSON.stringify(policy, null, 2);
  const take = () => {
    const parsed = parsePolicy(typed ?? "");
    if ("problem" in parsed) return setProblem(parsed.problem);
    onChange?.(parsed.policy);
    setTyped(undefined);
    setProblem(undefined);
  };
  return (
    <Panel title="As a document" note="What steward policy show --json prints.">
      <details className={styles["document"]}>
        <summary>Show it as JSON</summary>
        <div className={styles["form"]}>
          <TextAreaField
            label="Policy"
            quietLabel
            mono
            rows={14}
            value={typed ?? text}
            disabled={onChange === undefined}
            error={problem}
            onChange={(next) => {
              setTyped(next);
              setProblem(undefined);
            }}
          />
          <div className={styles["buttons"]}>
            {onChange === undefined ? null : (
              <Button tone="primary" disabled={typed === undefined || typed === text} onClick={take}>
                Take it over
              </Button>
            )}
            <Button icon="download" onClick={() => downloadText("policy", "json", text)}>
              Download
            </Button>
            {typed === undefined ? null : (
              <Button
                onClick={() => {
                  setTyped(undefined);
                  setProblem(undefined);
                }}
              >
                As it was
              </Button>
            )}
          </div>
        </div>
      </details>
    </Panel>
  );
}
