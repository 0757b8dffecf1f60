import { alertRoutes } from "@steward/contracts/routes/alerts";
import type { AlertingView } from "@steward/contracts/thresholds";
import { useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { CheckField, NumberField } from "../../ui/fields.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./alerts.module.css";
import { type Draft, draftOf, type MetricName, metrics, problemsOf, wishOf } from "./threshold-draft.ts";

/** From when on the tenant's machines are not healthy, and after how long somebody else is called. */
export function Thresholds() {
  const query = useApi(alertRoutes.getThresholds, {}, { every: "background" });
  const { may } = useMe();
  const [editing, setEditing] = useState(false);
  return (
    <Panel
      title="From when on a machine is not well"
      note="For all machines of the tenant; a machine may have its own. In force within a minute."
      actions={
        may("admin") && !editing && query.data !== undefined ? (
          <Button icon="edit" onClick={() => setEditing(true)}>
            Change
          </Button>
        ) : undefined
      }
    >
      <Loaded query={query} rows={5}>
        {(shown) => (editing ? <Edit shown={shown} onEnd={() => setEditing(false)} /> : <Show shown={shown} />)}
      </Loaded>
    </Panel>
  );
}

function Show({ shown }: { shown: AlertingView }) {
  return (
    <div className={styles["stack"]}>
      <table className={styles["table"]}>
        <thead>
          <tr>
            <th scope="col">Metric</th>
            <th scope="col">Warning from</th>
            <th scope="col">Critical from</th>
            <th scope="col">Set</th>
          </tr>
        </thead>
        <tbody>
          {metrics.map(({ key, label, unit }) => (
            <tr key={key}>
              <th scope="row">{label}</th>
              <td>
                {shown.inForce[key][0]} {unit}
              </td>
              <td>
                {shown.inForce[key][1]} {unit}
              </td>
              <td>{shown.thresholds[key] === undefined ? "Steward's own" : <Badge tone="busy">by you</Badge>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        {shown.escalateAfterMinutes === undefined
          ? "A critical alert that nobody acknowledges is told once, and to nobody else."
          : `A critical alert that nobody acknowledges for ${shown.escalateAfterMinutes} minutes is told once more, as escalated.`}
      </p>
      {shown.updatedAt === undefined ? null : (
        <p className={styles["soft"]}>
          Changed <Moment at={shown.updatedAt} /> by <Said>{shown.updatedBy?.name ?? "somebody"}</Said>
        </p>
      )}
      <p className={styles["soft"]}>
        In a terminal: <Copy text="steward thresholds set --disk 85/95 --escalate-after 30m" label="Copy the command" />
      </p>
    </div>
  );
}

function Edit({ shown, onEnd }: { shown: AlertingView; onEnd: () => void }) {
  const [draft, setDraft] = useState<Draft>(() => draftOf(shown));
  const save = useChange(alertRoutes.putThresholds, {
    refreshes: [alertRoutes.getThresholds],
    says: "Machines are judged by these from the next minute on",
    onDone: onEnd,
    quiet: true,
  });
  const problems = problemsOf(draft);
  const set = (key: MetricName, at: 0 | 1, value: number | undefined) =>
    setDraft((before) => {
      const pair = [...before.pairs[key]] as [number | undefined, number | undefined];
      pair[at] = value;
      return { ...before, pairs: { ...before.pairs, [key]: pair }, own: { ...before.own, [key]: true } };
    });
  return (
    <form
      className={styles["stack"]}
      onSubmit={(event) => {
        event.preventDefault();
        const wish = wishOf(draft);
        if (wish !== undefined) void save.run({ body: wish });
      }}
    >
      {metrics.map(({ key, label, unit, max }) => (
        <fieldset key={key} className={styles["pair"]}>
          <legend>{label}</legend>
          <CheckField
            label="as Steward has it"
            checked={!draft.own[key]}
            onChange={(checked) => setDraft((before) => ({ ...before, own: { ...before.own, [key]: !checked } }))}
          />
          <NumberField
            label={`Warning from (${unit})`}
            min={0}
            max={max}
            value={draft.own[key] ? draft.pairs[key][0] : shown.inForce[key][0]}
            disabled={!draft.own[key]}
            onChange={(value) => set(key, 0, value)}
          />
          <NumberField
            label={`Critical from (${unit})`}
            min={0}
            max={max}
            value={draft.own[key] ? draft.pairs[key][1] : shown.inForce[key][1]}
            disabled={!draft.own[key]}
            error={problems[key]}
            onChange={(value) => set(key, 1, value)}
          />
        </fieldset>
      ))}
      <fieldset className={styles["pair"]}>
        <legend>When nobody looks</legend>
        <CheckField
          label="tell somebody else of a critical alert"
          checked={draft.escalates}
          onChange={(escalates) => setDraft((before) => ({ ...before, escalates }))}
        />
        <NumberField
          label="After (minutes)"
          min={1}
          max={10_080}
          value={draft.escalateAfterMinutes}
          disabled={!draft.escalates}
          error={problems.escalateAfterMinutes}
          onChange={(escalateAfterMinutes) => setDraft((before) => ({ ...before, escalateAfterMinutes }))}
        />
      </fieldset>
      <FieldProblems error={save.error} />
      <div className={styles["buttons"]}>
        <Button type="submit" tone="primary" busy={save.isRunning} disabled={Object.keys(problems).length > 0}>
          Save
        </Button>
        <Button onClick={onEnd}>Cancel</Button>
      </div>
    </form>
  );
}
