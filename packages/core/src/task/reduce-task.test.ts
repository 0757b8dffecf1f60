import { taskHasEnded } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oneStep, rolloutId, signed, startMs, testPlan, testTask } from "../../test/fixtures.ts";
import { reduceTask } from "./reduce-task.ts";
import type { TaskEvent, TaskState } from "./task-state.ts";

const plan = testPlan();
const approval = {
  by: "per_1",
  name: "Anna",
  atMs: startMs,
  document: { ...signed, type: "steward-approval-v1" as const },
};
const allowed = { decision: "allow" as const, reasons: [] };
const needed = { decision: "needs_approval" as const, reasons: [], approver: "requester" as const };
const denied = { decision: "deny" as const, reasons: [{ rule: "role", decision: "deny" as const, why: "No role." }] };
const question = { step: 0, action: "users.add", variable: "username", text: "?", choices: [] };
const result = { message: "done" };

const events = fc.constantFrom<TaskEvent>(
  { type: "think", jobId: "job_1" },
  { type: "think", jobId: "job_2" },
  { type: "ask", question, understood: oneStep },
  { type: "answer" },
  { type: "plan", plan, gate: allowed, rolloutId },
  { type: "plan", plan, gate: needed, rolloutId },
  { type: "plan", plan, gate: denied, rolloutId },
  { type: "approve", approval, gate: allowed, rolloutId },
  { type: "approve", approval, gate: denied, rolloutId },
  { type: "reject", by: "per_1" },
  { type: "cancel", by: "per_1", reason: "no need" },
  { type: "expire" },
  { type: "fail", result },
  { type: "finish", status: "succeeded", result },
  { type: "finish", status: "cancelled", result },
);

/** Applies what is possible; an impossible event leaves the state alone. */
function after(state: TaskState, event: TaskEvent, nowMs = startMs): TaskState {
  try {
    return reduceTask(state, event, nowMs).state;
  } catch {
    return state;
  }
}

describe("a task", () => {
  it("never leaves an end, has a deadline until then, and counts every change once, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, fc.nat(200_000_000)), { maxLength: 15 }), (list) => {
        let state = testTask();
        let nowMs = startMs;
        for (const [event, passedMs] of list) {
          nowMs += passedMs;
          const next = after(state, event, nowMs);
          if (taskHasEnded(state.status)) expect(next).toBe(state);
          if (next !== state) expect(next.version).toBe(state.version + 1);
          expect(next.dueAtMs === undefined).toBe(taskHasEnded(next.status));
          if (taskHasEnded(next.status)) expect(next.result).toBeDefined();
          state = next;
        }
      }),
    );
  });

  it("always reaches an end by its deadlines alone", () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 10 }), (list) => {
        let state = list.reduce<TaskState>((now, event) => after(now, event), testTask());
        for (let round = 0; state.dueAtMs !== undefined && round < 3; round += 1) {
          state = reduceTask(state, { type: "expire" }, state.dueAtMs).state;
        }
        expect(taskHasEnded(state.status)).toBe(true);
      }),
    );
  });

  it("starts its rollout once, also when an approval is sent twice", () => {
    const waiting = reduceTask(testTask(), { type: "plan", plan, gate: needed, rolloutId }, startMs);
    expect(waiting.state.status).toBe("awaiting_approval");
    expect(waiting.effects).toEqual([]);
    const first = reduceTask(waiting.state, { type: "approve", approval, gate: allowed, rolloutId }, startMs);
    expect(first.effects).toEqual([{ type: "start_rollout", rolloutId }]);
    const second = reduceTask(
      first.state,
      { type: "approve", approval, gate: allowed, rolloutId: "rol_other" },
      startMs,
    );
    expect(second).toEqual({ state: first.state, effects: [] });
  });

  it("refuses an approval after the plan's expiry and one that the gate refuses", () => {
    const waiting = after(testTask(), { type: "plan", plan, gate: needed, rolloutId });
    const late = () => reduceTask(waiting, { type: "approve", approval, gate: allowed, rolloutId }, plan.expiresAtMs);
    expect(late).toThrowError(expect.objectContaining({ code: "expired" }));
    const refused = () => reduceTask(waiting, { type: "approve", approval, gate: denied, rolloutId }, startMs);
    expect(refused).toThrowError(expect.objectContaining({ code: "denied_by_gate", message: "No role." }));
  });

  it("says what is impossible in a sentence", () => {
    const ended = after(testTask(), { type: "cancel", by: "per_1" });
    const approve = () => reduceTask(ended, { type: "approve", approval, gate: allowed, rolloutId }, startMs);
    expect(approve).toThrowError(
      expect.objectContaining({
        code: "invalid_transition",
        message: "The task has ended already (cancelled); it cannot be approved.",
      }),
    );
  });

  it("goes on thinking after an answer, with another job", () => {
    let state = after(testTask(), { type: "think", jobId: "job_1" });
    state = after(state, { type: "ask", question, understood: oneStep });
    state = after(state, { type: "answer" });
    expect(state).toMatchObject({ status: "thinking", question: undefined, jobId: undefined });
    expect(after(state, { type: "think", jobId: "job_2" }).jobId).toBe("job_2");
  });

  it("thinks for as long as its job may, however long that is", () => {
    const deadlineAtMs = startMs + 3_600_000;
    expect(after(testTask(), { type: "think", jobId: "job_1", deadlineAtMs }).dueAtMs).toBeGreaterThan(deadlineAtMs);
    const usual = after(testTask(), { type: "think", jobId: "job_1" }).dueAtMs;
    expect(after(testTask(), { type: "think", jobId: "job_1", deadlineAtMs: startMs }).dueAtMs).toBe(usual);
  });

  it("cancels what it waits for: the job while thinking, the rollout while running", () => {
    const thinking = after(testTask(), { type: "think", jobId: "job_1" });
    expect(reduceTask(thinking, { type: "cancel", by: "x" }, startMs).effects).toEqual([
      { type: "cancel_job", jobId: "job_1" },
    ]);
    const running = after(testTask(), { type: "plan", plan, gate: allowed, rolloutId });
    const cancelled = reduceTask(running, { type: "cancel", by: "x" }, startMs);
    expect(cancelled.state.status).toBe("cancelling");
    expect(cancelled.effects).toEqual([{ type: "cancel_rollout", rolloutId }]);
    expect(after(cancelled.state, { type: "finish", status: "succeeded", result }).status).toBe("succeeded");
  });
});
