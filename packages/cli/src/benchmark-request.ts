import { createHash } from "node:crypto";
import { redact, redactText, whole } from "@steward/contracts/redact";
import type { ProposedStep } from "@steward/contracts/plan";
import type { TaskView } from "@steward/contracts/task";

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
  const digest = createHash("sha256").update(text).digest();
  const letters = [...digest.subarray(0, 6)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");
  return `feedback${letters}-${String(digest.readUInt16BE(6) % 1000).padStart(3, "0")}`;
}
