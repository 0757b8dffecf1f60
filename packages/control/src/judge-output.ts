import type { Planning } from "@steward/contracts/task";
import type { JobState } from "@steward/core/job/job-state";
import { planningOf } from "@steward/core/job/planning-of";
import { buildPrompt } from "@steward/core/planning/prompt";
import { noModelCould } from "@steward/core/planning/refusals";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskEffect, TaskState } from "@steward/core/task/task-state";
import type { Step } from "@steward/core/versioned";
import type { Context } from "./context.ts";
import { applyUnderstanding, planningContext } from "./plan-task.ts";

/*
 * The two things that a job may be about: a plan's steps, or the answer to a question. Tiers, leases, retries and budgets
 * are the same for both.
 */

type Deps = Pick<Context, "table" | "actions" | "nowMs">;

/** Loaded with the first plan of a model: it knows the words of four languages. */
const grading = () => import("@steward/core/planning/grade-answer");
/** Loaded with the first question: most of what these functions do is about requests. */
const answers = () => import("./conclude-answer.ts");

/**
 * What a model is given. Of a plan with the schema that its answer is held to; an answer is words. `repair`: what was wrong
 * with the form of the last one.
 */
export async function promptOf(
  deps: Pick<Context, "table" | "actions">,
  task: TaskState,
  repair?: string,
): Promise<{ system: string; prompt: string; schema?: Record<string, unknown> }> {
  if (task.kind === "support") return (await answers()).answerPrompt(deps, task, repair);
  return buildPrompt(await planningContext(deps, task), repair);
}

/** What a model's words are worth, and what they make of the task. `unsure`: the next tier may do better. */
export async function judgeOutput(
  deps: Deps & Pick<Context, "release">,
  task: TaskState,
  output: string,
): Promise<
  | { kind: "unsure"; why: string; grade: number; form?: true }
  | { kind: "good"; grade: number; takeOn: (planning: Planning) => Promise<Step<TaskState, TaskEffect>> }
> {
  if (task.kind === "support") {
    const { checked, conclude } = await (await answers()).judgeAnswer(deps, task, output);
    if (checked.kind === "answer") return { kind: "good", grade: checked.grade, takeOn: conclude };
    const { kind: _kind, ...seen } = checked;
    return { kind: "unsure", ...seen };
  }
  const context = await planningContext(deps, task);
  const understanding = (await grading()).gradeAnswer(output, context);
  if (understanding.kind === "unsure") return understanding;
  return {
    kind: "good",
    grade: understanding.grade,
    takeOn: (planning) => applyUnderstanding(deps, task, understanding, context, planning),
  };
}

/** No tier could: a request fails and says what was tried, a question is answered with what the documentation says. */
export async function takeOnWithoutModel(
  deps: Deps,
  task: TaskState,
  { job, reason }: { job: JobState; reason: string },
): Promise<Step<TaskState, TaskEffect>> {
  if (task.kind === "support") return (await answers()).concludeWithoutModel(deps, task, job, reason);
  const result = noModelCould(reason, job, await planningContext(deps, task));
  return reduceTask(task, { type: "fail", result, planning: planningOf(job) }, deps.nowMs());
}
