import type { Action } from "@steward/contracts/actions";
import { redactText } from "@steward/contracts/redact";
import { riskOf } from "@steward/contracts/risk";
import { matchInstruction } from "../planning/match-instruction.ts";
import type { PlanningContext } from "../planning/planning-types.ts";
import { wordsOf } from "./terms.ts";

/**
 * The words that may be offered as a task to submit; undefined where nothing fits. It must be a request that the catalogue
 * understands on its own, of no high risk, and every value in it must stand in the question: a name out of a document, a
 * fact or a model's head is nobody's wish. What is offered does nothing: a person submits it as a task of its own.
 */
export function checkProposal(
  words: string,
  question: string,
  { actions, targets }: Pick<PlanningContext, "actions" | "targets">,
): { instruction: string } | undefined {
  const instruction = words.replace(/\s+/g, " ").trim();
  if (instruction === "" || redactText(instruction) !== instruction) return undefined;
  const understood = matchInstruction({ instruction, actions, targets });
  if (understood.kind !== "plan" && understood.kind !== "question") return undefined;
  const said = new Set(wordsOf(question));
  const holds = understood.steps.every((step) => {
    const action = actions.find(({ id }) => id === step.action);
    return action !== undefined && isSaid(step, said) && !isHigh(action, step.variables);
  });
  return holds ? { instruction } : undefined;
}

function isSaid(step: { variables: Record<string, unknown> }, said: ReadonlySet<string>): boolean {
  return Object.values(step.variables)
    .flat()
    .every((value) => value === false || wordsOf(String(value)).every((word) => said.has(word)));
}

function isHigh(action: Action, variables: Record<string, unknown>): boolean {
  return riskOf(action.risk, variables).risk === "high";
}

/** A question's own words as a request: "How do I add a user john?" asks about what "add a user john" would do. */
export function requestIn(question: string): string {
  return question
    .trim()
    .replace(/[?!.\s]+$/, "")
    .replace(
      /^(?:please\s+)?(?:how\s+(?:do|can|could|should|would)\s+(?:i|we|you|one)|how\s+to|can\s+(?:i|we|you)|could\s+you|i\s+(?:want|need|would\s+like)\s+to)\s+/i,
      "",
    );
}
