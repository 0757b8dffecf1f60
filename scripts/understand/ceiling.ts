import type { Action } from "@steward/contracts/actions";
import { gradeAnswer } from "@steward/core/planning/grade-answer";
import type { Request } from "./requests.ts";
import { contextOf, markOf } from "./score.ts";

/**
 * What the grading takes of a model that answers every request as it is meant: no model can do better, since the grading
 * believes no words but the request's own.
 */
export function gradingCeiling(
  requests: readonly Request[],
  actions: readonly Action[],
): { of: number; taken: number } {
  const todo = requests.filter(({ right: [first] }) => "plan" in first);
  const taken = todo.filter((request) => {
    const steps = "plan" in request.right[0] ? request.right[0].plan : [];
    const raw = JSON.stringify({ understood: "as meant", outOfScope: false, steps });
    return markOf(request, gradeAnswer(raw, contextOf(request, actions)), actions) === "right";
  });
  return { of: todo.length, taken: taken.length };
}
