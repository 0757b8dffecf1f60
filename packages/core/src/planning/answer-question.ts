import type { Question } from "@steward/contracts/task";
import type { GroundedStep } from "../task/task-state.ts";
import { checkSteps } from "./complete-steps.ts";
import type { PlanningContext, Understanding } from "./planning-types.ts";
import { hasTemplate, readList, readText, variableShapes } from "./variable-values.ts";

/**
 * Puts the answer to the open question into the steps that are understood so far. The answer is data: it is held to
 * the variable's schema and never read as words. A wrong one is `refused` with what is wrong; another value that is
 * missing is the next `question`.
 */
export function answerQuestion(
  context: PlanningContext,
  understood: GroundedStep[],
  question: Question,
  answer: string,
): Understanding {
  const action = context.actions.find((one) => one.id === question.action);
  const shape = action === undefined ? undefined : variableShapes(action).find((one) => one.name === question.variable);
  const step = understood[question.step];
  if (action === undefined || shape === undefined || step === undefined) {
    return { kind: "unsure", why: "What was asked about does not exist any more. Ask again.", nearest: [], grade: 0 };
  }
  const text = answer.trim().replace(/^["'“](.*)["'”]$/, "$1");
  if (hasTemplate(text)) return refusal("The answer must not contain template syntax.", question);
  const items = text.split(/\s*,\s*|\s+and\s+/).filter((item) => item !== "");
  const reading = shape.type === "list" ? readList(action, shape, items) : readText(action, shape, text);
  if (!reading.ok) return refusal(`${question.variable} ${reading.message}.`, question);

  const steps = understood.with(question.step, {
    ...step,
    variables: { ...step.variables, [question.variable]: reading.value },
    provenance: { ...step.provenance, [question.variable]: { source: "said", text } },
  });
  const completion = checkSteps(context, steps);
  switch (completion.kind) {
    case "complete":
      return { kind: "plan", steps, grade: 1 };
    case "missing":
      return { kind: "question", question: completion.question, steps, grade: 1 };
    case "invalid":
      return refusal(`${completion.variable} ${completion.message}.`, question);
  }
}

function refusal(message: string, question: Question): Understanding {
  return { kind: "refused", message, next: question.choices.slice(0, 3), grade: 1 };
}
