import type { FieldProblem } from "@steward/contracts/errors";
import type { ProposedStep } from "@steward/contracts/plan";
import { commandRoutes } from "@steward/contracts/routes/commands";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { ActionView } from "@steward/contracts/views";
import { useMemo, useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { useKnownFacts } from "../../ask/known-facts.ts";
import { type Place, placeOfSelector } from "../../ask/places.ts";
import { StartFields } from "../../ask/start-fields.tsx";
import { TargetsField } from "../../ask/targets-field.tsx";
import { useNodes } from "../../ask/use-places.ts";
import { RiskNow } from "../../plan/plan-cards.tsx";
import { emptyRollout, readRollout } from "../../plan/rollout-draft.ts";
import { RolloutFields } from "../../plan/rollout-fields.tsx";
import { type Draft, draftOf, readDraft } from "../../schema-form/draft.ts";
import { fieldsOf, isRecord } from "../../schema-form/field.ts";
import { problemsBelow } from "../../schema-form/problems.ts";
import { SchemaForm } from "../../schema-form/schema-form.tsx";
import { Button } from "../../ui/button.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import styles from "./action-page.module.css";
import type { ActionSearch } from "./route.ts";

export interface RunActionProps {
  action: ActionView;
  search: ActionSearch;
  onSearch: (search: Partial<ActionSearch>) => void;
  onTask: (search: Partial<ActionSearch>) => void;
}

/** One action with values of one's own: no words, nothing to understand. A read runs at once; a change is shown first. */
export function RunAction({ action, search, onSearch, onTask }: RunActionProps) {
  const fields = useMemo(() => fieldsOf(action.variables), [action.variables]);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, valuesOf(search.with)));
  const [rollout, setRollout] = useState(emptyRollout);
  const [check, setCheck] = useState(false);
  const [verbosity, setVerbosity] = useState("0");
  const [atOnce, setAtOnce] = useState(action.kind === "read");
  const [tried, setTried] = useState(false);
  const { nodes } = useNodes("");
  const selectors = (search.on ?? "").split(",").filter((each) => each !== "");
  const places = selectors.map((selector) => placeOfSelector(selector, nodes));
  const onlyAppliance = places.length === 1 && places[0]?.kind === "appliance" ? places[0].selector : undefined;
  const known = useKnownFacts(
    onlyAppliance?.startsWith("apl_") === true ? onlyAppliance : undefined,
    fields.length > 0,
  );
  const read = readDraft(fields, draft);
  const sentAlong = { with: Object.keys(read.values).length === 0 ? undefined : JSON.stringify(read.values) };
  const done = { quiet: true, onDone: ({ id }: { id: string }) => onTask({ ...sentAlong, task: id }) };
  const submit = useChange(taskRoutes.submitTask, done);
  const broadcast = useChange(commandRoutes.broadcastCommand, done);
  const how = readRollout(rollout);
  const isRead = action.kind === "read";
  const mode = check && !isRead ? ("check" as const) : ("apply" as const);
  // What is asked of all that one selector means, at once, is what the API calls a broadcast.
  const selector = selectors.length === 1 && atOnce ? selectors[0] : undefined;
  const change = selector === undefined ? submit : broadcast;
  const send = () => {
    setTried(true);
    if (read.problems.length > 0 || how.problems.length > 0 || selectors.length === 0) return;
    const variables = read.values as ProposedStep["variables"];
    const shared = {
      mode,
      verbosity: Number(verbosity),
      ...(how.rollout === undefined ? {} : { rollout: how.rollout }),
    };
    if (selector !== undefined) void broadcast.run({ body: { selector, action: action.id, variables, ...shared } });
    else
      void submit.run({
        body: {
          steps: [{ action: action.id, variables }],
          targets: selectors,
          ...shared,
          ...(atOnce ? {} : { confirm: true }),
        },
      });
  };
  const problems: FieldProblem[] = tried ? [...read.problems, ...fromServer(change.error?.fields)] : [];
  return (
    <Panel title="Run it">
      <form
        className={styles["form"]}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
        noValidate
      >
        <SchemaForm fields={fields} draft={draft} onDraft={setDraft} problems={problems} known={known} />
        <TargetsField
          value={places}
          onChange={(next: Place[]) =>
            onSearch({ on: next.length === 0 ? undefined : next.map((place) => place.selector).join(",") })
          }
          error={tried && selectors.length === 0 ? "Say where: an appliance, a tag, or all." : undefined}
        />
        {!isRead && <StartFields check={check} onCheck={setCheck} atOnce={atOnce} onAtOnce={setAtOnce} />}
        <details className={styles["more"]}>
          <summary>How it is rolled out, and how much it says</summary>
          <div className={styles["options"]}>
            <RolloutFields draft={rollout} onDraft={setRollout} problems={how.problems} />
            <SelectField
              label="How much Ansible says"
              value={verbosity}
              onChange={setVerbosity}
              options={["0", "1", "2", "3", "4"].map((value) => ({
                value,
                label: value === "0" ? "As usual" : `-${"v".repeat(Number(value))}`,
              }))}
            />
          </div>
        </details>
        {how.problems.length > 0 && tried && (
          <p className={styles["error"]}>Something of the rollout cannot be read: look there.</p>
        )}
        <FieldProblems error={change.error} />
        <div className={styles["foot"]}>
          <Button type="submit" tone="primary" icon={atOnce ? "play" : "eye"} busy={change.isRunning}>
            {isRead ? "Read it" : atOnce ? (check ? "Check" : "Run it") : "Show the plan"}
          </Button>
          <RiskNow action={action} values={read.values} />
        </div>
      </form>
    </Panel>
  );
}

/** `steps.0.variables.username`, or `variables.username`, is the form's `username`. */
function fromServer(fields: readonly FieldProblem[] | undefined): FieldProblem[] {
  return [...problemsBelow(fields, "steps.0.variables"), ...problemsBelow(fields, "variables")];
}

/** Values that came with a link; whatever else stands there is nothing. */
function valuesOf(text: string | undefined): Record<string, unknown> {
  try {
    const values: unknown = JSON.parse(text ?? "{}");
    return isRecord(values) ? values : {};
  } catch {
    return {};
  }
}
