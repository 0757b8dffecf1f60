import type { Action, Facts, Variables } from "@steward/contracts/actions";
import type { Question } from "@steward/contracts/task";
import type { GroundedStep } from "../task/task-state.ts";
import { factsOf } from "./match-clause.ts";
import type { PlanningContext } from "./planning-types.ts";
import { checkValue, variableShapes } from "./variable-values.ts";

type Targets = readonly { facts: Facts }[];

/** A default may build on another default; deeper chains are a mistake in the catalogue. */
const maxRounds = 4;
const maxChoices = 50;

/**
 * The values with those that the action assumes. A value is assumed only where it is the same on every target: a plan
 * has one set of values for all of them.
 */
export function withDefaults(action: Action, variables: Variables, targets: Targets): Variables {
  let known = { ...variables };
  for (let round = 0; round < maxRounds; round += 1) {
    const offers = (targets.length === 0 ? [{ facts: {} }] : targets).map((target) =>
      action.defaults(target.facts, known),
    );
    const [first = {}, ...others] = offers;
    const added = Object.entries(first).filter(
      ([name, value]) =>
        known[name] === undefined &&
        value !== undefined &&
        others.every((offer) => JSON.stringify(offer[name]) === JSON.stringify(value)),
    );
    if (added.length === 0) return known;
    known = { ...known, ...Object.fromEntries(added) };
  }
  return known;
}

export type Completion =
  | { kind: "complete" }
  | { kind: "missing"; question: Question }
  /** The values do not go together. */
  | { kind: "invalid"; step: number; variable: string; message: string };

/** What is still missing from the steps, or wrong with them as a whole. */
export function checkSteps(context: PlanningContext, steps: readonly GroundedStep[]): Completion {
  for (const [at, step] of steps.entries()) {
    const action = context.actions.find((one) => one.id === step.action);
    if (action === undefined)
      return { kind: "invalid", step: at, variable: "", message: `there is no action ${step.action}` };
    const known = withDefaults(action, step.variables, context.targets);
    const missing = variableShapes(action).find((shape) => shape.required && known[shape.name] === undefined);
    if (missing !== undefined) return { kind: "missing", question: questionFor(context, action, at, missing.name) };
    const parsed = action.variables.safeParse(known);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return {
        kind: "invalid",
        step: at,
        variable: String(issue?.path[0] ?? ""),
        message: issue?.message ?? "is not valid",
      };
    }
  }
  return { kind: "complete" };
}

/** The one question for a variable, with what all targets have to choose from. */
export function questionFor(context: PlanningContext, action: Action, step: number, variable: string): Question {
  const hint = action.hints[variable];
  const shape = variableShapes(action).find((one) => one.name === variable);
  const fromFacts = hint?.choicesFrom === undefined ? [] : sharedFacts(context, hint.choicesFrom);
  const allowed = fromFacts.filter((choice) => isAllowed(action, variable, choice));
  const choices = shape?.type === "choice" ? shape.choices : shape?.type === "flag" ? ["yes", "no"] : allowed;
  const text = hint?.question ?? `What is the ${variable} for "${action.title}"?`;
  return { step, action: action.id, variable, text, choices: choices.slice(0, maxChoices) };
}

function isAllowed(action: Action, variable: string, choice: string): boolean {
  return checkValue(action, variable, choice).ok || checkValue(action, variable, [choice]).ok;
}

/** Names that every target has. */
export function sharedFacts(context: PlanningContext, kind: Parameters<typeof factsOf>[1]): string[] {
  const [first, ...others] = context.targets.map((target) => factsOf(target.facts, kind));
  return (first ?? []).filter((name) => others.every((names) => names.includes(name)));
}

/**
 * The variable that names something which a target does not have, where the action works on existing things. Who
 * wants `samba` restarted where the service is `smbd` is asked, not obeyed.
 */
export function unknownThing(context: PlanningContext, action: Action, step: GroundedStep): string | undefined {
  return Object.entries(action.hints).find(([name, hint]) => {
    const value = step.variables[name];
    if (hint.choicesFrom === undefined || typeof value !== "string") return false;
    if (action.kind === "state" && hint.mustExist !== true) return false;
    const choices = sharedFacts(context, hint.choicesFrom);
    return choices.length > 0 && !choices.includes(value);
  })?.[0];
}

/**
 * What a step would add although a target has it, with more said about it than its name: "make the share papers read-only"
 * asks for a change, and an action that adds things would make it anew with whatever it assumes. The name alone changes
 * nothing, and neither does an action that assumes nothing here. What kind of thing it is, the action's siblings know, which work on what is there.
 */
export function thingToChange({ actions, targets }: PlanningContext, step: GroundedStep): string | undefined {
  const action = actions.find(({ id }) => id === step.action);
  const said = Object.keys(step.variables);
  if (action?.kind !== "state" || said.length < 2) return undefined;
  if (Object.keys(withDefaults(action, step.variables, targets)).length === said.length) return undefined;
  const family = action.id.slice(0, action.id.lastIndexOf(".") + 1);
  const siblings = actions.filter(({ id }) => id !== action.id && id.startsWith(family));
  return said
    .filter((name) => action.hints[name]?.choicesFrom === undefined)
    .map((name) => ({
      value: step.variables[name],
      kind: siblings.map(({ hints }) => hints[name]?.choicesFrom).find(Boolean),
    }))
    .flatMap(({ value, kind }) => (typeof value === "string" && kind !== undefined ? [{ value, kind }] : []))
    .find(({ value, kind }) => targets.some(({ facts }) => factsOf(facts, kind).includes(value)))?.value;
}
