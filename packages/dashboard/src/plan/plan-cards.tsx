import type { FieldProblem } from "@steward/contracts/errors";
import type { Plan } from "@steward/contracts/plan";
import { riskOf } from "@steward/contracts/risk";
import type { ActionView } from "@steward/contracts/views";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { type Draft, draftOf, readDraft } from "../schema-form/draft.ts";
import { type Field, fieldsOf } from "../schema-form/field.ts";
import { SchemaForm } from "../schema-form/schema-form.tsx";
import { visible } from "../text.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Said } from "../ui/said.tsx";
import styles from "./plan-cards.module.css";
import { provenanceText, undoText, valueText } from "./plan-text.ts";
import { RiskBadge } from "./risk-badge.tsx";

/** What somebody makes of a plan's steps; by their places. A step without a draft is as it was planned. */
export type PlanEdits = Record<number, Draft>;

export interface PlanCardsProps {
  steps: Plan["steps"];
  /** The catalogue: kinds, and the schemas that values are edited by. Without it the plan is shown all the same. */
  actions?: readonly ActionView[] | undefined;
  /** Absent: it is only shown. */
  edits?: PlanEdits;
  onEdit?: (step: number, draft: Draft | undefined) => void;
  /** By the steps' places: `0.username`. */
  problems?: readonly FieldProblem[];
  known?: Record<string, readonly string[]>;
}

/** A plan's steps in their order: what each does, with which values, from where, at what risk, and whether it goes back. */
export function PlanCards({ steps, actions = [], edits = {}, onEdit, problems = [], known = {} }: PlanCardsProps) {
  return (
    <ol className={styles["steps"]}>
      {steps.map((step, index) => (
        <StepCard
          key={index}
          number={index + 1}
          step={step}
          action={actions.find(({ id }) => id === step.action)}
          draft={edits[index]}
          onDraft={onEdit === undefined ? undefined : (draft) => onEdit(index, draft)}
          problems={problems.flatMap(({ path, message }) =>
            path.startsWith(`${index}.`) ? [{ path: path.slice(String(index).length + 1), message }] : [],
          )}
          known={known}
        />
      ))}
    </ol>
  );
}

interface StepCardProps {
  number: number;
  step: Plan["steps"][number];
  action: ActionView | undefined;
  draft: Draft | undefined;
  onDraft: ((draft: Draft | undefined) => void) | undefined;
  problems: FieldProblem[];
  known: Record<string, readonly string[]>;
}

function StepCard({ number, step, action, draft, onDraft, problems, known }: StepCardProps) {
  const fields = fieldsOf(action?.variables);
  const editable = onDraft !== undefined && action !== undefined && fields.length > 0;
  return (
    <li className={styles["step"]}>
      <header className={styles["head"]}>
        <span className={styles["number"]} aria-hidden="true">
          {number}
        </span>
        <h3 className={styles["title"]}>
          <Said>{step.title}</Said>
        </h3>
        <Link to="/actions/$actionId" params={{ actionId: step.action }} className={styles["id"]}>
          {visible(step.action)}
        </Link>
        <span className={styles["space"]} />
        <RiskBadge risk={step.risk} />
        {editable && draft === undefined && (
          <Button tone="quiet" icon="edit" onClick={() => onDraft(draftOf(fields, step.variables))}>
            Edit<span className="heard"> the values of step {number}</span>
          </Button>
        )}
        {editable && draft !== undefined && (
          <Button tone="quiet" icon="undo" onClick={() => onDraft(undefined)}>
            As planned<span className="heard">: step {number}</span>
          </Button>
        )}
      </header>
      {draft === undefined || onDraft === undefined ? (
        <Values step={step} fields={fields} />
      ) : (
        <div className={styles["form"]}>
          <SchemaForm fields={fields} draft={draft} onDraft={onDraft} problems={problems} known={known} />
          {action !== undefined && <RiskNow action={action} values={readDraft(fields, draft).values} />}
        </div>
      )}
      <p className={styles["foot"]}>
        <span>
          <Icon name={step.undo === "recorded" ? "undo" : action?.kind === "read" ? "eye" : "warn"} size={14} />{" "}
          {undoText(step.undo, action?.kind)}
        </span>
        {step.riskReasons.map((why) => (
          <span key={why} className={styles["why"]}>
            <Icon name="warn" size={14} /> {visible(why)}
          </span>
        ))}
        {(step.generates ?? []).length > 0 && (
          <span>
            <Icon name="secrets" size={14} /> makes {step.generates?.join(", ")}, which only its recipient opens
          </span>
        )}
      </p>
    </li>
  );
}

function Values({ step, fields }: { step: Plan["steps"][number]; fields: readonly Field[] }) {
  const names = Object.keys(step.variables);
  if (names.length === 0) return <p className={styles["none"]}>Takes no values.</p>;
  return (
    <dl className={styles["values"]}>
      {names.map((name) => {
        const { text, sure } = provenanceText(step.provenance[name]);
        const label = fields.find((field) => field.name === name)?.label ?? name;
        return (
          <Fragment key={name}>
            <dt>{visible(label)}</dt>
            <dd>
              <span className={styles["value"]}>
                <Said mono>{valueText(step.variables[name])}</Said>
              </span>
              <span className={sure ? styles["source"] : styles["unsure"]}>
                <Said>{text}</Said>
              </span>
            </dd>
          </Fragment>
        );
      })}
    </dl>
  );
}

/** The risk that these values make of an action, by the same rules as the gate's. The gate decides anew all the same. */
export function RiskNow({ action, values }: { action: Pick<ActionView, "risk">; values: Record<string, unknown> }) {
  const { risk, why } = riskOf(action.risk, values);
  return (
    <p className={styles["riskNow"]} role="status">
      <RiskBadge risk={risk} />
      {why.length === 0 ? " with these values" : ` because it ${why.map(visible).join("; ")}`}
    </p>
  );
}
