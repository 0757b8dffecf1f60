import { getDraft, getMaterial, putDraft } from "@steward/aws/records/answer";
import { commit } from "@steward/aws/table";
import { redactText } from "@steward/contracts/redact";
import type { ProgressJob } from "@steward/contracts/job";
import type { Planning } from "@steward/contracts/task";
import type { JobState } from "@steward/core/job/job-state";
import { buildAnswerPrompt } from "@steward/core/support/answer-prompt";
import { type CheckedAnswer, checkAnswer, problemOfText } from "@steward/core/support/check-answer";
import { checkProposal, requestIn } from "@steward/core/support/check-proposal";
import { growDraft } from "@steward/core/support/grow-answer";
import type { Material } from "@steward/core/support/passage";
import { answerOfModel, modelAnswered, noAnswer } from "@steward/core/support/write-answer";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskEffect, TaskState } from "@steward/core/task/task-state";
import type { Step } from "@steward/core/versioned";
import type { Context } from "./context.ts";
import { loadFacts } from "./load-targets.ts";
import { loadTask } from "./load-task.ts";

const draftKeptMs = 86_400_000;

/** The prompt of a question, from what was found for it when it was asked: the same for every tier and attempt. */
export async function answerPrompt(
  deps: Pick<Context, "table">,
  task: TaskState,
  repair?: string,
): Promise<{ system: string; prompt: string }> {
  return buildAnswerPrompt(task.instruction ?? "", await materialOf(deps, task), repair);
}

/** What a model's words are worth, and what they make of the task. Only `answer` has a step. */
export async function judgeAnswer(
  deps: Pick<Context, "table" | "actions" | "nowMs">,
  task: TaskState,
  output: string,
): Promise<{
  checked: CheckedAnswer;
  conclude: (planning: Planning) => Promise<Step<TaskState, TaskEffect>>;
}> {
  const material = await materialOf(deps, task);
  const question = task.instruction ?? "";
  const checked = checkAnswer(output, question, material);
  return {
    checked,
    conclude: async (planning) => {
      if (checked.kind !== "answer") throw new Error("only an answer that holds ends a question");
      const answer = answerOfModel(redactText(checked.text), checked.cited, material);
      const proposal = await proposalOf(deps, task, checked.proposal);
      return reduceTask(
        task,
        {
          type: "conclude",
          status: "succeeded",
          answer: { ...answer, ...(proposal === undefined ? {} : { proposal }) },
          result: modelAnswered(planning.tier, answer.citations.length, task.taskId),
          planning,
        },
        deps.nowMs(),
      );
    },
  };
}

/** No model could, or none is there: what the documentation says, or that nobody knows. */
export async function concludeWithoutModel(
  deps: Pick<Context, "table" | "actions" | "nowMs">,
  task: TaskState,
  job: Pick<JobState, "tenantId" | "taskId" | "failures">,
  reason: string,
): Promise<Step<TaskState, TaskEffect>> {
  const { status, result, answer } = noAnswer(reason, job, await materialOf(deps, task));
  const proposal = await proposalOf(deps, task, undefined);
  return reduceTask(
    task,
    { type: "conclude", status, result, answer: { ...answer, ...(proposal === undefined ? {} : { proposal }) } },
    deps.nowMs(),
  );
}

/**
 * Takes what an answer has grown by. Answers how much of it is here. The words are shown while nobody has checked them, so
 * what no answer may say ends the showing at once.
 */
export async function growAnswer(
  deps: Pick<Context, "table" | "nowMs">,
  job: JobState,
  text: NonNullable<ProgressJob["text"]>,
): Promise<number> {
  const { tenantId, taskId } = job;
  const [draft, material, task] = await Promise.all([
    getDraft(deps.table, { tenantId, taskId }),
    getMaterial(deps.table, { tenantId, taskId }),
    loadTask(deps, tenantId, taskId),
  ]);
  const next = growDraft(
    draft,
    { tenantId, taskId, jobId: job.jobId, attempt: job.attempt, ...text, expiresAtMs: deps.nowMs() + draftKeptMs },
    (words) => problemOfText(words, task.instruction ?? "", material ?? { passages: [] }),
  );
  if (next !== draft) await commit(deps.table, [putDraft(draft, next)]);
  return (next.jobId ?? job.jobId) === job.jobId && next.attempt === job.attempt ? next.taken : 0;
}

/** A model's own proposal; without one the question itself, where it asks for a change. */
async function proposalOf(
  deps: Pick<Context, "table" | "actions">,
  task: TaskState,
  words: string | undefined,
): Promise<{ instruction: string } | undefined> {
  const question = task.instruction ?? "";
  const targets = await loadFacts(deps, task.tenantId, task.targets);
  return checkProposal(words ?? requestIn(question), question, { actions: deps.actions, targets });
}

async function materialOf(deps: Pick<Context, "table">, { tenantId, taskId }: TaskState): Promise<Material> {
  return (await getMaterial(deps.table, { tenantId, taskId })) ?? { passages: [] };
}
