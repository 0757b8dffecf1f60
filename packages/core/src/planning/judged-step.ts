import type { IndexedAction } from "./action-index.ts";
import type { GroundedStep } from "../task/task-state.ts";
import { asksFor, type Clause } from "./clauses.ts";
import type { Evidence } from "./evidence.ts";

/** A proposed step whose values all come from somewhere. */
export interface JudgedStep {
  kind: "judged";
  indexed: IndexedAction;
  step: GroundedStep;
  /** Places of the tokens that ground its values. */
  tokens: number[];
}

/** The request: its words, and the parts in which something is asked for. */
export interface Request {
  evidence: Evidence;
  clauses: readonly Clause[];
}

/** The parts of the request that ask for an action; what is said not to be asks for nothing. */
export function askedIn({ evidence, clauses }: Request, indexed: IndexedAction, values: readonly number[]): Clause[] {
  const words = new Set(values.flatMap((at) => evidence.tokens[at]?.canon ?? []));
  const isAsked = (clause: Clause) =>
    evidence.negated[clause.from] !== true && (indexed.action.kind === "read" || !clause.isQuestion);
  return clauses.filter((clause) => isAsked(clause) && asksFor(clause, indexed, words));
}

/** A value is said where its action is asked for, or in a part before, to which that one refers: "… and give her a share". */
export function speaksFor(request: Request, indexed: IndexedAction, at: number): boolean {
  return askedIn(request, indexed, [at]).some(
    (clause) => (clause.from <= at && at < clause.to) || (clause.refersBack && at < clause.from),
  );
}

export function quote(text: string): string {
  return `"${text.slice(0, 60)}"`;
}
