import type { Citation, SupportAnswer } from "@steward/contracts/support";
import type { TaskResult } from "@steward/contracts/task";
import type { JobState } from "../job/job-state.ts";
import { howToConnect } from "../planning/connect-model.ts";
import type { Material, Passage } from "./passage.ts";

/** Of what is told as it stands, the first ones: the others are there to be looked at. */
const shownPassages = 3;

/** A model's answer as it is kept. */
export function answerOfModel(text: string, cited: readonly number[], material: Material): SupportAnswer {
  return {
    source: "model",
    text,
    citations: cited
      .toSorted((a, b) => a - b)
      .flatMap((number) => {
        const passage = material.passages[number - 1];
        return passage === undefined ? [] : [citationOf(passage, number)];
      }),
  };
}

/** The passages that fit best, as they stand: what there is without any model. */
export function answerOfDocumentation(material: Material): SupportAnswer {
  const shown = material.passages.slice(0, shownPassages);
  return {
    source: "documentation",
    text: shown.map(({ title, text }, at) => `${title} [${at + 1}]\n\n${text}`).join("\n\n"),
    citations: shown.map((passage, at) => citationOf(passage, at + 1)),
  };
}

export function modelAnswered(tier: string, citations: number, taskId: string): TaskResult {
  return { message: `Answered by ${tier} from ${countOf(citations)}.`, next: [askProvider(taskId)] };
}

/** Nobody could answer in their own words. `answer` has what the documentation says, if it says anything. */
export function noAnswer(
  reason: string,
  { tenantId, taskId, failures }: Pick<JobState, "tenantId" | "taskId" | "failures">,
  material: Material,
): { status: "succeeded" | "failed"; result: TaskResult; answer: SupportAnswer } {
  const answer = answerOfDocumentation(material);
  // A model has read the sources, and they do not answer it or it could not say how.
  const isRead = failures.some((failure) => failure.grade !== undefined);
  if (isRead) {
    const message = "I do not know: no model could answer this from the documentation. The nearest passages are below.";
    return { status: "failed", result: { message, next: [rephrase] }, answer };
  }
  const message = `From the documentation, as it stands there: no model has read it (${reason.replace(/[.\s]+$/, "")}).`;
  const connect = howToConnect("answers in its own words", tenantId, failures);
  return { status: "succeeded", result: { message, next: [...connect, askProvider(taskId)] }, answer };
}

/** Nothing here is about it: no model is asked. */
export const nothingFound: TaskResult = {
  message: "I do not know: nothing in the documentation or the catalogue is about this.",
  next: [
    "Ask in other words, such as: how do I reach my files from Windows?",
    "Requests for changes go to: steward ask",
  ],
};

const rephrase = "Ask in other words, or name the appliance with --on, so that its own facts count.";
/** Of an answer. Where there is none, the task's view says it. */
const askProvider = (taskId: string) => `Not what you need? Ask your provider: steward tasks escalate ${taskId}`;

function citationOf({ source, title, href, text }: Passage, number: number): Citation {
  return { number, source, title, ...(href === undefined ? {} : { href }), excerpt: text };
}

function countOf(citations: number): string {
  return citations === 1 ? "1 source" : `${citations} sources`;
}
