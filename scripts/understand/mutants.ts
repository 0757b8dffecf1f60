import type { Action, Variables } from "@steward/contracts/actions";
import type { ProposedStep } from "@steward/contracts/plan";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import { checkValue } from "@steward/core/planning/variable-values";
import type { Request } from "./requests.ts";
import { contextOf, markOf } from "./score.ts";

/** A plan that is wrong for a request, made of the right one. */
export interface Mutant {
  request: Request;
  kind: string;
  steps: ProposedStep[];
}

/**
 * Plans as a model gets them wrong, for every request that has a right one: another action for the same thing, one step too
 * few or too many, another order, values swapped or taken from elsewhere. None of them may be taken.
 */
export function mutantsOf(requests: readonly Request[], actions: readonly Action[]): Mutant[] {
  return requests.flatMap((request) => {
    const [right] = request.right;
    if (!("plan" in right)) return [];
    const { plan } = right;
    const made = [
      ...plan.flatMap((step, at) =>
        otherActions(step, actions).map((other) => mutant("other action", plan.with(at, other))),
      ),
      ...plan.flatMap((step, at) => swapped(step).map((other) => mutant("values swapped", plan.with(at, other)))),
      ...plan.flatMap((step, at) =>
        others(step, request, actions).map((other) => mutant("other value", plan.with(at, other))),
      ),
      ...plan.flatMap((step, at) => less(step).map((other) => mutant("value left out", plan.with(at, other)))),
      ...(plan.length > 1 ? plan.map((_, at) => mutant("step left out", plan.toSpliced(at, 1))) : []),
      ...(plan.length > 1 ? [mutant("order reversed", plan.toReversed())] : []),
      mutant("step added", [...plan, { action: "system.reboot", variables: {} }]),
      mutant("step added", [...plan, { action: "packages.update", variables: {} }]),
      ...plan.flatMap((step) => otherActions(step, actions).map((other) => mutant("step added", [...plan, other]))),
      ...plan.map((step) => mutant("step twice", [...plan, step])),
    ];
    return made.map((one) => ({ ...one, request })).filter((one) => !isRight(one, actions));
  });
}

/** Whether the grading takes the wrong plan: as a plan, whatever it left out of it, and not the right one after all. */
export function isTaken({ request, steps }: Mutant, actions: readonly Action[]): boolean {
  const raw = JSON.stringify({ understood: "as it thinks", outOfScope: false, steps });
  const graded = gradeAnswer(raw, contextOf(request, actions));
  return graded.kind === "plan" && markOf(request, graded, actions) !== "right";
}

function mutant(kind: string, steps: readonly ProposedStep[]): Omit<Mutant, "request"> {
  return { kind, steps: [...steps] };
}

/** Every other action that takes the same values. */
function otherActions(step: ProposedStep, actions: readonly Action[]): ProposedStep[] {
  return actions
    .filter(({ id, byNameOnly }) => id !== step.action && byNameOnly !== true)
    .flatMap((action) => {
      const fitting = Object.entries(step.variables).filter(([name, value]) => checkValue(action, name, value).ok);
      return fitting.length > 0 || Object.keys(step.variables).length === 0
        ? [{ action: action.id, variables: Object.fromEntries(fitting) }]
        : [];
    });
}

function swapped({ action, variables }: ProposedStep): ProposedStep[] {
  const texts = Object.entries(variables).filter(([, value]) => typeof value === "string");
  return texts.flatMap(([one, value], at) =>
    texts
      .slice(at + 1)
      .filter(([, other]) => other !== value)
      .map(([name, other]) => ({ action, variables: { ...variables, [one]: other, [name]: value } as Variables })),
  );
}

/** What the appliance has besides, and what nobody said. */
function others({ action, variables }: ProposedStep, { facts }: Request, actions: readonly Action[]): ProposedStep[] {
  const names = [facts.users, facts.shares, facts.services, facts.mailboxes].flatMap((list) => list ?? []);
  const known = actions.find(({ id }) => id === action);
  return Object.entries(variables).flatMap(([name, value]) => {
    const candidates =
      typeof value === "number"
        ? [value + 1, value * 10, Math.ceil(value / 2)]
        : [...names, "zelda", "zelda@home.example"];
    return candidates
      .map((candidate) => (Array.isArray(value) ? [candidate] : candidate))
      .filter((candidate) => known !== undefined && checkValue(known, name, candidate).ok)
      .map((candidate) => ({ action, variables: { ...variables, [name]: candidate } as Variables }));
  });
}

function less({ action, variables }: ProposedStep): ProposedStep[] {
  return Object.keys(variables).map((name) => {
    const { [name]: _left, ...rest } = variables;
    return { action, variables: rest };
  });
}

function isRight({ request, steps }: Mutant, actions: readonly Action[]): boolean {
  const understanding = {
    kind: "plan" as const,
    grade: 1,
    steps: steps.map((step) => ({ ...step, provenance: {} })),
  };
  return markOf(request, understanding, actions) === "right";
}
