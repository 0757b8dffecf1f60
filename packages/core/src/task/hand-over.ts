import { AppError } from "@steward/contracts/errors";
import { hasRole, type Role } from "@steward/contracts/roles";
import { changed, unchanged } from "../reducing.ts";
import type { Step } from "../versioned.ts";
import type { Escalation, Feedback, TaskEffect, TaskState } from "./task-state.ts";

/*
 * What people say about a task beside its way through the states: that a person of the provider is to look at it, what that
 * person says, and whether its plan or answer was right. None of it changes the task's state or its deadline.
 */

type Said = { by: string; name: string; note?: string };

/** Opinions that a task keeps; a further person's takes the place of the oldest. */
const maxOpinions = 20;

/** Whoever may request may hand over; a viewer, who may ask questions, a question of their own. */
export function mayEscalate(state: TaskState, { id, role }: { id: string; role: Role }): boolean {
  return hasRole(role, "operator") || (state.kind === "support" && state.requestedBy.id === id);
}

/** *Ask my provider*: of a task that failed, was refused or needs an answer, and of a question that was answered. */
export function escalateTask(state: TaskState, said: Said, nowMs: number): Step<TaskState, TaskEffect> {
  const { escalation } = state;
  if (escalation !== undefined && escalation.answer === undefined) return unchanged(state);
  const isStuck = ["failed", "rejected", "expired", "needs_input"].includes(state.status);
  if (!isStuck && !(state.kind === "support" && state.status === "succeeded")) {
    throw new AppError(
      "invalid_transition",
      `The task is ${state.status.replaceAll("_", " ")}: nobody's help is needed.`,
    );
  }
  return changed<TaskState, TaskEffect>(state, { escalation: { ...said, atMs: nowMs } satisfies Escalation }, nowMs);
}

/** What the provider's staff says to it. A later answer takes the place of an earlier one. */
export function answerEscalation(
  state: TaskState,
  said: Said & { note: string },
  nowMs: number,
): Step<TaskState, TaskEffect> {
  const { escalation } = state;
  if (escalation === undefined) throw new AppError("invalid_transition", "Nobody has asked for help with this task.");
  if (escalation.answer?.by === said.by && escalation.answer.note === said.note) return unchanged(state);
  return changed<TaskState, TaskEffect>(
    state,
    { escalation: { ...escalation, answer: { ...said, atMs: nowMs } } },
    nowMs,
  );
}

/** Whether a plan, an answer or a no was right: one opinion a person, the last one. */
export function giveFeedback(
  state: TaskState,
  said: Omit<Feedback, "atMs">,
  nowMs: number,
): Step<TaskState, TaskEffect> {
  const saidNo = state.status === "failed" && state.instruction !== undefined;
  if (state.plan === undefined && state.answer === undefined && !saidNo) {
    throw new AppError("invalid_transition", "The task has no plan and no answer yet that could be right or wrong.");
  }
  const { feedback = [] } = state;
  const before = feedback.find(({ by }) => by === said.by);
  if (before?.verdict === said.verdict && before.note === said.note) return unchanged(state);
  const others = feedback.filter(({ by }) => by !== said.by).slice(1 - maxOpinions);
  return changed<TaskState, TaskEffect>(state, { feedback: [...others, { ...said, atMs: nowMs }] }, nowMs);
}
