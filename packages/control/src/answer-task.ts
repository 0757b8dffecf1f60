import { AppError } from "@steward/contracts/errors";
import type { TaskView } from "@steward/contracts/task";
import { answerQuestion } from "@steward/core/planning/answer-question";
import { reduceTask } from "@steward/core/task/reduce-task";
import type { TaskState } from "@steward/core/task/task-state";
import type { Caller, Context, Repeatable } from "./context.ts";
import { loadTask } from "./load-task.ts";
import { applyUnderstanding, planningContext } from "./plan-task.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { storeTask } from "./store-task.ts";
import { fullTaskView } from "./task-view.ts";

/**
 * Takes the answer to the task's one question. The answer is a value, held to the variable's schema. A repeated request
 * whose first try was killed is known again by the task: its answer must not be taken for one to the next question.
 */
export async function answerTask(
  deps: Pick<Context, "table" | "queues" | "actions" | "release" | "nowMs" | "secret" | "log">,
  caller: Caller,
  params: { taskId: string },
  body: { answer: string },
  repeatable?: Repeatable,
): Promise<TaskView> {
  const answerId = repeatable?.idOf("token");
  return retryOnConflict(async () => {
    const task = await loadTask(deps, caller.tenantId, params.taskId);
    if (answerId !== undefined && task.answerId === answerId) return fullTaskView(deps, task);
    const { question, understood } = task;
    const thinking = reduceTask(task, { type: "answer" }, deps.nowMs()).state;
    if (question === undefined || understood === undefined) {
      throw new AppError("invalid_transition", "this task has no open question");
    }
    const context = await planningContext(deps, task);
    const understanding = answerQuestion(context, understood, question, body.answer);
    if (understanding.kind === "unsure" || understanding.kind === "refused") {
      const message = understanding.kind === "refused" ? understanding.message : understanding.why;
      // The question stays open: a wrong answer costs nothing.
      throw new AppError("unprocessable", message, {
        fields: [{ path: "answer", message }],
        ...(question.choices.length > 0 ? { next: `choose one of: ${question.choices.slice(0, 10).join(", ")}` } : {}),
      });
    }
    const planning = task.planning ?? ({ tier: "matcher", latencyMs: 0 } as const);
    const step = await applyUnderstanding(deps, thinking, understanding, context, planning);
    // Two events, one write.
    const after: TaskState = {
      ...step.state,
      version: task.version + 1,
      ...(answerId === undefined ? {} : { answerId }),
    };
    await storeTask(deps, {
      before: task,
      after,
      effects: step.effects,
      who: caller.principal.id,
      what: "answer-task",
      requestId: caller.requestId,
    });
    return fullTaskView(deps, after);
  });
}
