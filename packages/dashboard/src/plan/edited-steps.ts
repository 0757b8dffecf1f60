import type { FieldProblem } from "@steward/contracts/errors";
import type { Plan, ProposedStep } from "@steward/contracts/plan";
import type { ActionView } from "@steward/contracts/views";
import { type Draft, draftOf, readDraft, sameDraft } from "../schema-form/draft.ts";
import { fieldsOf } from "../schema-form/field.ts";

export interface EditedSteps {
  steps: ProposedStep[];
  /** By the step's place: `0.username`. */
  problems: FieldProblem[];
  /** Something is different from the plan. */
  changed: boolean;
}

/** A plan's steps with what somebody has made of them: what is asked for anew. */
export function editedSteps(
  steps: Plan["steps"],
  edits: Readonly<Record<number, Draft>>,
  actions: readonly Pick<ActionView, "id" | "variables">[],
): EditedSteps {
  const edited: EditedSteps = { steps: [], problems: [], changed: false };
  for (const [index, { action, variables }] of steps.entries()) {
    const draft = edits[index];
    const schema = actions.find(({ id }) => id === action)?.variables;
    if (draft === undefined || schema === undefined) {
      edited.steps.push({ action, variables });
      continue;
    }
    const fields = fieldsOf(schema);
    const read = readDraft(fields, draft);
    edited.steps.push({ action, variables: read.values as ProposedStep["variables"] });
    edited.problems.push(...read.problems.map(({ path, message }) => ({ path: `${index}.${path}`, message })));
    edited.changed ||= !sameDraft(draft, draftOf(fields, variables));
  }
  return edited;
}
