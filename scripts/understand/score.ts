import type { Action, Variables, VariableValue } from "@steward/contracts/actions";
import type { ProposedStep } from "@steward/contracts/plan";
import { withDefaults } from "@steward/core/planning/complete-steps";
import type { PlanningContext, Understanding } from "@steward/core/planning/planning-types";
import type { Request } from "./requests.ts";

/** How a tier's answer to a request is judged. Only `wrong` could do harm: it is a plan that nobody asked for. */
export type Mark =
  | "right"
  /** A plan with another action, another value or another order than asked for, or where there should be none. */
  | "wrong"
  /** A question, where there should have been a plan, a refusal or another question. */
  | "asked"
  /** A no, where there should have been a plan or a question. */
  | "refused"
  /** Left to the next tier, or to a person after the last one. */
  | "passed";

export function contextOf(request: Request, actions: readonly Action[]): PlanningContext {
  return {
    instruction: request.text,
    actions,
    targets: [{ id: "apl_01jd0000000000000000000000", name: "box-1", facts: request.facts }],
  };
}

export function markOf(request: Request, understanding: Understanding, actions: readonly Action[]): Mark {
  switch (understanding.kind) {
    case "plan": {
      const made = whatRuns(understanding.steps, request, actions);
      const isRight = request.right.some((one) => "plan" in one && whatRuns(one.plan, request, actions) === made);
      return isRight ? "right" : "wrong";
    }
    case "question": {
      const { variable, action } = understanding.question;
      const isRight = request.right.some(
        (one) => "ask" in one && one.ask === variable && (one.for === undefined || one.for === action),
      );
      return isRight ? "right" : "asked";
    }
    case "refused":
      return request.right.some((one) => "refuse" in one) ? "right" : "refused";
    case "unsure":
      return "passed";
  }
}

/**
 * The steps as they would run, in one form: with what the actions assume, and lists sorted, since nothing depends on
 * their order. So it does not matter who fills in a value that goes without saying.
 */
function whatRuns(steps: readonly ProposedStep[], request: Request, actions: readonly Action[]): string {
  const complete = steps.map((step) => {
    const action = actions.find(({ id }) => id === step.action);
    const variables: Variables =
      action === undefined ? step.variables : withDefaults(action, step.variables, [{ facts: request.facts }]);
    const sorted = Object.entries(variables)
      // "No" is what a yes-or-no is without a word.
      .filter(([, value]) => value !== false)
      .map(([name, value]): [string, VariableValue] => [name, Array.isArray(value) ? value.toSorted() : value])
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [step.action, sorted];
  });
  return JSON.stringify(complete);
}
