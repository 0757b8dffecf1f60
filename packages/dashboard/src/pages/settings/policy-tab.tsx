import { policyRoutes } from "@steward/contracts/routes/policy";
import { type TenantPolicy, type TenantPolicyView, tenantPolicySchema } from "@steward/contracts/tenant-policy";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { contentOf, type Direction, type PolicyChange, policyChanges } from "./policy.ts";
import { PolicyJson } from "./policy-json.tsx";
import { RulesPanel } from "./rules-panel.tsx";
import styles from "./settings.module.css";
import { ShellPanel } from "./shell-panel.tsx";
import { StrictnessPanel } from "./strictness-panel.tsx";
import { WindowsPanel } from "./windows-panel.tsx";

/** What the tenant forbids and asks of a change, beyond what Steward asks by itself. */
export function PolicyTab() {
  const policy = useApi(policyRoutes.getPolicy, {}, { every: "background" });
  return (
    <Loaded query={policy} rows={8}>
      {(view) => <PolicyForm view={view} />}
    </Loaded>
  );
}

function PolicyForm({ view }: { view: TenantPolicyView }) {
  const me = useMe();
  const confirm = useConfirm();
  const mayChange = me.may("admin") && me.principal.kind === "person";
  // What was looked at when somebody began to change it; untouched, it follows what is in force.
  const [base, setBase] = useState(view);
  const [draft, setDraft] = useState<TenantPolicy>();
  const shown = draft ?? contentOf(view);
  const from = draft === undefined ? view : base;
  const changes = policyChanges(contentOf(from), shown);
  // A number that is half typed is none.
  const isFine = tenantPolicySchema.safeParse(shown).success;
  const isOvertaken = draft !== undefined && changes.length > 0 && view.revision !== base.revision;
  const save = useChange(policyRoutes.putPolicy, {
    refreshes: [policyRoutes.getPolicy],
    says: ({ revision }) => `Revision ${revision} is in force, also for what was approved before.`,
    quiet: true,
  });
  const change = (next: Partial<TenantPolicy>) => {
    if (draft === undefined) setBase(view);
    setDraft({ ...shown, ...next });
    save.reset();
  };
  const forget = () => {
    setDraft(undefined);
    save.reset();
  };
  const askAndSave = async () => {
    const text = (
      <>
        <Changes changes={changes} />
        <p>
          It is in force at once, also for what was approved before. You are nobody’s second person for the next 24
          hours, and what you ask for from medium risk on is approved by somebody else.
        </p>
      </>
    );
    const danger = changes.some(({ direction }) => direction === "looser");
    if (!(await confirm({ title: "Change the policy?", text, verb: "Put it in force", danger }))) return;
    const answer = await save.run({ body: { ...shown, revision: base.revision } });
    if (answer !== undefined) forget();
  };

  return (
    <div className={styles["column"]}>
      <p className={styles["soft"]}>
        A policy only makes Steward stricter.{" "}
        {view.revision === 0 ? "Nobody has set one yet." : `Revision ${view.revision}`}
        {view.updatedBy === undefined ? null : (
          <>
            {" "}
            by <Said>{view.updatedBy.name}</Said> <Moment at={view.updatedAt} />.
          </>
        )}
        {mayChange ? "" : " An administrator changes it."}
      </p>
      <div className={styles["columns"]}>
        <div className={styles["column"]}>
          <RulesPanel rules={shown.forbid} onChange={(forbid) => change({ forbid })} mayChange={mayChange} />
          <ShellPanel shell={shown.shell} onChange={(shell) => change({ shell })} mayChange={mayChange} />
        </div>
        <div className={styles["column"]}>
          <StrictnessPanel policy={shown} onChange={change} mayChange={mayChange} />
          <WindowsPanel />
          <PolicyJson policy={shown} onChange={mayChange ? (next) => change(replacing(next)) : undefined} />
        </div>
      </div>
      {changes.length === 0 ? null : (
        <section className={styles["pending"]} aria-label="What is not in force yet">
          {isOvertaken ? (
            <p className={styles["overtaken"]} role="alert">
              Meanwhile revision {view.revision} was put in force
              {view.updatedBy === undefined ? (
                ""
              ) : (
                <>
                  {" "}
                  by <Said>{view.updatedBy.name}</Said>
                </>
              )}
              : yours was made from {base.revision}.{" "}
              <Button tone="quiet" onClick={() => setBase(view)}>
                Compare mine with it
              </Button>
            </p>
          ) : null}
          <FieldProblems error={save.error} />
          <details>
            <summary>{plural(changes.length, "change")} not in force yet</summary>
            <Changes changes={changes} />
          </details>
          <div className={styles["buttons"]}>
            <Button
              tone="primary"
              busy={save.isRunning}
              disabled={isOvertaken || !isFine}
              onClick={() => void askAndSave()}
            >
              Put in force
            </Button>
            <Button onClick={forget}>Forget them</Button>
          </div>
        </section>
      )}
    </div>
  );
}

/** A policy that replaces the whole of another: what it does not name is gone. */
function replacing(next: TenantPolicy): TenantPolicy {
  const nothing: Record<keyof Omit<TenantPolicy, "forbid">, undefined> = {
    twoPersonFrom: undefined,
    previewMinutes: undefined,
    shell: undefined,
    maxBlastPercent: undefined,
    canaryFrom: undefined,
    maxCanaryPercent: undefined,
    outputDays: undefined,
  };
  return { ...nothing, ...next };
}

const directions: Record<Direction, { text: string; tone: "good" | "bad" | "still" }> = {
  stricter: { text: "stricter", tone: "good" },
  looser: { text: "looser", tone: "bad" },
  neither: { text: "other", tone: "still" },
};

function Changes({ changes }: { changes: readonly PolicyChange[] }) {
  return (
    <ul className={styles["changes"]}>
      {changes.map(({ text, direction }, at) => (
        <li key={`${at} ${text}`}>
          <Badge tone={directions[direction].tone}>{directions[direction].text}</Badge> <bdi>{visible(text)}</bdi>
        </li>
      ))}
    </ul>
  );
}
