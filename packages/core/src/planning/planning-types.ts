import type { Action, Facts } from "@steward/contracts/actions";
import type { Question } from "@steward/contracts/task";
import type { GroundedStep } from "../task/task-state.ts";

/** What planning knows: the words, the actions that this requester may use, and the targets' own facts. */
export interface PlanningContext {
  instruction: string;
  actions: readonly Action[];
  /** Facts per target. A `fact` must hold on every one of them. */
  targets: { id: string; name: string; facts: Facts }[];
  /** Names of other tenants' or other appliances' things are unknown here on purpose. */
}

/** How an instruction was understood. */
export type Understanding =
  /** Every required value is there and grounded. */
  | { kind: "plan"; steps: GroundedStep[]; grade: number }
  /** One required value is missing. */
  | { kind: "question"; question: Question; steps: GroundedStep[]; grade: number }
  /** Not possible or not allowed: a clear no for the person, with what they could say instead. */
  | { kind: "refused"; message: string; next: string[]; grade: number }
  /**
   * This tier cannot tell: the next one may. `form`: the words could not be used at all, whatever they meant. `final`: so it
   * is for every tier, whatever a model reads in the request.
   */
  | { kind: "unsure"; why: string; nearest: string[]; grade: number; form?: true; final?: true };
