import type { ForbidRule } from "@steward/contracts/tenant-policy";
import { sourceKinds } from "@steward/contracts/source";
import { overviewRoutes } from "@steward/contracts/routes/overview";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { plural, visible } from "../../text.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { CheckField, SelectField, TextAreaField, TextField } from "../../ui/fields.tsx";
import { ruleText } from "./policy.ts";
import { draftOfRule, emptyDraft, fits, type RuleDraft, ruleOf } from "./rule-draft.ts";
import styles from "./settings.module.css";
import { sourceWords } from "./source-words.ts";
import { SpansFields } from "./spans-fields.tsx";

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** One rule of a policy: what fits all that it names is refused, or wants a second person. */
export function RuleDialog({
  rule,
  onDone,
  onClose,
}: {
  rule: ForbidRule | undefined;
  onDone: (rule: ForbidRule) => void;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState<RuleDraft>(() =>
    rule === undefined ? emptyDraft(ownZone) : draftOfRule(rule, ownZone),
  );
  const [isTried, setTried] = useState(false);
  const actions = useApi(overviewRoutes.listActions, {}, { every: "once" });
  const read = ruleOf(draft);
  const problems = isTried && "problems" in read ? read.problems : [];
  const problemOf = (field: string) =>
    problems.find(({ path }) => path === field || path.startsWith(`${field}.`))?.message;
  const put = (change: Partial<RuleDraft>) => setDraft({ ...draft, ...change });
  const ids = actions.data?.items.map(({ id }) => id) ?? [];
  const met = ids.filter((id) => fits(draft.action.trim(), id));
  const submit = () => {
    setTried(true);
    if ("rule" in read) onDone(read.rule);
  };

  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={rule === undefined ? "A new rule" : "Change the rule"}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button tone="primary" onClick={submit}>
            {rule === undefined ? "Add it" : "Take it over"}
          </Button>
        </>
      }
    >
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div className={styles["pair"]}>
          <TextField
            label="Action"
            mono
            value={draft.action}
            onChange={(action) => put({ action })}
            list={[...groupsOf(ids), ...ids]}
            autoFocus
            hint={
              ids.length === 0 || draft.action.trim() === ""
                ? "Its id; * is any text: users.*"
                : met.length === 0
                  ? "No action of the catalogue fits."
                  : `${plural(met.length, "action")} of the catalogue: ${met.slice(0, 4).join(", ")}${met.length > 4 ? ", …" : ""}`
            }
            error={problemOf("action")}
          />
          <SelectField
            label="Then"
            value={draft.effect}
            onChange={(effect) => put({ effect })}
            options={[
              { value: "forbid", label: "It is refused" },
              { value: "second_person", label: "Another person must say yes" },
            ]}
          />
        </div>
        <TextAreaField
          label="Why"
          value={draft.why}
          onChange={(why) => put({ why })}
          rows={2}
          hint="Shown to whoever is refused."
          error={problemOf("why")}
        />
        <fieldset className={styles["group"]}>
          <legend>Only with these values</legend>
          {draft.variables.map((variable, at) => (
            <div key={at} className={styles["variable"]}>
              <TextField
                label="Variable"
                mono
                value={variable.name}
                onChange={(name) => put({ variables: draft.variables.with(at, { ...variable, name }) })}
              />
              <TextField
                label="Its value"
                mono
                value={variable.pattern}
                onChange={(pattern) => put({ variables: draft.variables.with(at, { ...variable, pattern }) })}
              />
              <IconButton
                label={`Take the value ${at + 1} away`}
                icon="close"
                onClick={() => put({ variables: draft.variables.toSpliced(at, 1) })}
              />
            </div>
          ))}
          {problemOf("variables") === undefined ? null : <p className={styles["problem"]}>{problemOf("variables")}</p>}
          <div>
            <Button
              tone="quiet"
              icon="add"
              disabled={draft.variables.length >= 20}
              onClick={() => put({ variables: [...draft.variables, { name: "", pattern: "" }] })}
            >
              A value
            </Button>
          </div>
        </fieldset>
        <TextField
          label="Only on machines tagged"
          required={false}
          mono
          value={draft.tags}
          onChange={(tags) => put({ tags })}
          placeholder="site:berlin, ring:*"
          hint="One of them is enough. Empty: every machine."
          error={problemOf("tags")}
        />
        <fieldset className={styles["checks"]}>
          <legend>Only asked for by (none: whoever)</legend>
          {sourceKinds.map((kind) => (
            <CheckField
              key={kind}
              label={sourceWords[kind]}
              checked={draft.sources.includes(kind)}
              onChange={(isOn) =>
                put({ sources: sourceKinds.filter((one) => (one === kind ? isOn : draft.sources.includes(one))) })
              }
            />
          ))}
        </fieldset>
        <SpansFields draft={draft} onChange={put} problem={problemOf("during")} />
        {"rule" in read ? (
          <p className={styles["told"]} role="status">
            <bdi>{visible(ruleText(read.rule))}.</bdi>
          </p>
        ) : null}
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

/** `users.*` for each group of actions. */
function groupsOf(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => `${id.split(".")[0]}.*`))];
}
