import { taskStatuses } from "@steward/contracts/states";
import fc from "fast-check";
import { expect, it } from "vitest";
import { startMs, testPlan, testTask } from "../../test/fixtures.ts";
import { answerEscalation, escalateTask, giveFeedback, mayEscalate } from "./hand-over.ts";
import type { TaskState } from "./task-state.ts";

const anna = { by: "per_anna", name: "Anna" };
const staff = { by: "per_staff", name: "Staff" };
const failed = testTask(1, { status: "failed" });

it("what is stuck is handed to a person once, what goes its way is not, and neither moves the task", () => {
  fc.assert(
    fc.property(fc.constantFrom(...taskStatuses), (status) => {
      const task = testTask(1, { status, dueAtMs: startMs + 1 });
      if (!["failed", "rejected", "expired", "needs_input"].includes(status)) {
        expect(() => escalateTask(task, anna, startMs)).toThrow(
          expect.objectContaining({ code: "invalid_transition" }),
        );
        return;
      }
      const { state } = escalateTask(task, { ...anna, note: "please" }, startMs);
      expect(state).toMatchObject({ status, dueAtMs: startMs + 1, version: task.version + 1 });
      expect(state.escalation).toEqual({ ...anna, note: "please", atMs: startMs });
      expect(escalateTask(state, { ...staff, note: "again" }, startMs + 1).state).toBe(state);
    }),
  );
});

it("a viewer hands over a question of their own, and nothing else", () => {
  const viewer = { id: failed.requestedBy.id, role: "viewer" } as const;
  const question: TaskState = { ...failed, kind: "support" };
  expect(mayEscalate(question, viewer)).toBe(true);
  expect(mayEscalate(question, { ...viewer, id: "per_other" })).toBe(false);
  expect(mayEscalate(failed, viewer)).toBe(false);
  expect(mayEscalate(failed, { id: "per_other", role: "operator" })).toBe(true);
});

it("an answer stands until a better one, and after it the question may be put again", () => {
  expect(() => answerEscalation(failed, { ...staff, note: "no" }, startMs)).toThrow();
  const asked = escalateTask(failed, anna, startMs).state;
  const answered = answerEscalation(asked, { ...staff, note: "done by hand" }, startMs + 1).state;
  expect(answered.escalation?.answer).toEqual({ ...staff, note: "done by hand", atMs: startMs + 1 });
  expect(answerEscalation(answered, { ...staff, note: "done by hand" }, startMs + 2).state).toBe(answered);
  expect(escalateTask(answered, anna, startMs + 3).state.escalation).toEqual({ ...anna, atMs: startMs + 3 });
});

it("a no to a request in words can be wrong, too", () => {
  const refused = { ...failed, instruction: "add a user" };
  expect(giveFeedback(refused, { ...anna, verdict: "wrong" }, startMs).state.feedback).toMatchObject([
    { by: "per_anna", verdict: "wrong" },
  ]);
  expect(() => giveFeedback({ ...refused, status: "thinking" }, { ...anna, verdict: "wrong" }, startMs)).toThrow();
});

it("each person has one opinion of a plan, the last one; of what has no plan there is none", () => {
  expect(() => giveFeedback(failed, { ...anna, verdict: "wrong" }, startMs)).toThrow();
  const opinions = fc.array(fc.tuple(fc.nat(40), fc.constantFrom("right" as const, "wrong" as const)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(opinions, (list) => {
      let task: TaskState = { ...failed, plan: testPlan() };
      for (const [person, verdict] of list) {
        task = giveFeedback(task, { by: `per_${person}`, name: "x", verdict }, startMs).state;
        expect(task.feedback?.find(({ by }) => by === `per_${person}`)?.verdict).toBe(verdict);
      }
      const people = (task.feedback ?? []).map(({ by }) => by);
      expect(new Set(people).size).toBe(people.length);
      expect(people.length).toBeLessThanOrEqual(20);
    }),
    { numRuns: 30 },
  );
});
