import { sha256Hex } from "./canonical.ts";
import { redact, redactText, whole } from "./redact.ts";
import type { ProposedStep } from "./plan.ts";
import type { TaskView } from "./task.ts";

type Outcome = { plan: ProposedStep[] } | { refuse: string };
/** A request in the form of `bench/requests/`. */
interface RightRequest {
  id: string;
  text: string;
  expect: Outcome;
}
/** What is not a request yet: somebody must write down what would have been right. */
interface WrongOutcome {
  id: string;
  text: string;
  wrong: Outcome;
  tier?: string;
  model?: string;
  note?: string;
}

/** What was said to be right of a task, once, however many said so. Nothing says whose it was, and no secret is in it. */
export function rightRequest(task: TaskView): RightRequest | undefined {
  const made = madeOf(task);
  const isRight = task.feedback?.some(({ verdict }) => verdict === "right") === true;
  return made === undefined || !isRight ? undefined : { id: made.id, text: made.text, expect: made.outcome };
}

/** What was said to be wrong of a task, each opinion with its note. */
export function wrongOutcomes(task: TaskView): WrongOutcome[] {
  const made = madeOf(task);
  if (made === undefined) return [];
  const { planning, feedback = [] } = task;
  return feedback
    .filter(({ verdict }) => verdict === "wrong")
    .map(({ note }) => ({
      id: made.id,
      text: made.text,
      wrong: made.outcome,
      ...(planning === undefined ? {} : { tier: planning.tier }),
      ...(planning?.model === undefined ? {} : { model: planning.model }),
      ...(note === undefined ? {} : { note: redactText(note) }),
    }));
}

function madeOf({ instruction, plan, answer, result }: TaskView) {
  if (instruction === undefined) return undefined;
  const text = redactText(instruction);
  const outcome: Outcome =
    plan === undefined
      ? // A question has an answer and no plan, which is what the planner is asked about.
        { refuse: answer === undefined ? redactText(result?.message ?? "no plan") : "a question: it is answered" }
      : {
          plan: redact(
            plan.steps.map(({ action, variables }) => ({ action, variables })),
            whole,
          ) as ProposedStep[],
        };
  return { id: idOf(text), text, outcome };
}

/** By the words alone, so that an id is never given to another text, whenever and wherever it is exported. */
function idOf(text: string): string {
  const digest = sha256Hex(text);
  const letters = Array.from({ length: 6 }, (_, at) =>
    String.fromCharCode(97 + (Number.parseInt(digest.slice(2 * at, 2 * at + 2), 16) % 26)),
  ).join("");
  return `feedback${letters}-${String(Number.parseInt(digest.slice(12, 16), 16) % 1000).padStart(3, "0")}`;
}
