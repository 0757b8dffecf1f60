import type { StepResult } from "@steward/contracts/run";
import { runHasEnded } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applianceIds, rolloutId, signed, startMs, taskId, tenantId } from "../../test/fixtures.ts";
import { newRun } from "./new-run.ts";
import { reduceRun, unreachableMs } from "./reduce-run.ts";
import type { RunEvent, RunState } from "./run-state.ts";

const dayMs = 86_400_000;
const pending = newRun(
  {
    tenantId,
    taskId,
    rolloutId,
    runId: "run_1",
    applianceId: applianceIds(1)[0] ?? "",
    applianceName: "nas-1",
    wave: 1,
    expiresAtMs: startMs + dayMs,
    allowedMs: 120_000,
  },
  startMs,
);
const ledgers = ["a", "b"] as const;
const attempts = [1, 2];
const chunk: { number: number; sha256: string; bytes: number } = { number: 0, sha256: "a".repeat(64), bytes: 10 };
const events = fc.oneof(
  fc.constantFrom<RunEvent>(
    { type: "send", envelope: signed },
    { type: "ring" },
    { type: "pass_deadline" },
    { type: "expire" },
    { type: "cancel", reason: "stop" },
  ),
  fc.record({
    type: fc.constant("start" as const),
    attempt: fc.constantFrom(...attempts),
    ledgerId: fc.constantFrom(...ledgers),
    executor: fc.constantFrom("ansible" as const, "simulate" as const),
  }),
  fc.record({
    type: fc.constant("chunk" as const),
    attempt: fc.constantFrom(...attempts),
    ledgerId: fc.constantFrom(...ledgers),
    chunk: fc.record({
      number: fc.nat(3),
      sha256: fc.constantFrom("a".repeat(64), "b".repeat(64)),
      bytes: fc.constant(10),
    }),
  }),
  fc.record({
    type: fc.constant("result" as const),
    attempt: fc.constantFrom(...attempts),
    ledgerId: fc.constantFrom(...ledgers),
    executor: fc.constantFrom("ansible" as const, "simulate" as const),
    status: fc.constantFrom("succeeded" as const, "failed" as const, "simulated" as const),
    steps: fc.constant<StepResult[]>([]),
  }),
);

function after(state: RunState, event: RunEvent, nowMs = startMs): RunState {
  try {
    return reduceRun(state, event, nowMs).state;
  } catch {
    return state;
  }
}
const start = (ledgerId: string, executor: "ansible" | "simulate" = "ansible"): RunEvent => ({
  type: "start",
  attempt: 1,
  ledgerId,
  executor,
});
const result = (
  status: "succeeded" | "failed" | "simulated",
  executor: "ansible" | "simulate" = "ansible",
): Extract<RunEvent, { type: "result" }> => ({
  type: "result",
  attempt: 1,
  ledgerId: "a",
  executor,
  status,
  steps: [],
});
const sent = after(pending, { type: "send", envelope: signed });
const running = after(sent, start("a"));

describe("a run", () => {
  it("starts for one ledger entry only, never leaves an end, and has a deadline until then", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(events, fc.nat(dayMs / 2)), { maxLength: 20 }), (list) => {
        let state = pending;
        let nowMs = startMs;
        const started = new Set<string>();
        for (const [event, passedMs] of list) {
          nowMs += passedMs;
          const next = after(state, event, nowMs);
          if (runHasEnded(state.status)) expect(next).toBe(state);
          if (next !== state) expect(next.version).toBe(state.version + 1);
          if (state.status === "sent" && next.status === "running") started.add(next.ledgerId ?? "");
          expect(next.dueAtMs === undefined).toBe(runHasEnded(next.status));
          if (next.status === "succeeded") expect(next.executor).toBe("ansible");
          if (next.status === "simulated") expect(next.executor).toBe("simulate");
          state = next;
        }
        expect(started.size).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("gives the same ledger entry the same answer and refuses every other one", () => {
    expect(reduceRun(running, start("a"), startMs + 1).state).toBe(running);
    expect(() => reduceRun(running, start("b"), startMs)).toThrowError(
      expect.objectContaining({ code: "stale_attempt" }),
    );
    expect(() => reduceRun(sent, { ...start("a"), attempt: 2 } as RunEvent, startMs)).toThrowError(
      expect.objectContaining({ code: "stale_attempt" }),
    );
  });

  it("is for the request that its command was sent for, and after a retry for that one", () => {
    expect(sent.requestId).toBeUndefined();
    const first = after(pending, { type: "send", envelope: signed, requestId: "1" });
    const failed = after(after(first, start("a")), result("failed"));
    expect([first.requestId, failed.requestId]).toEqual(["1", "1"]);
    const again = after(failed, { type: "retry", round: 1 });
    expect(after(again, { type: "send", envelope: signed, requestId: "2" }).requestId).toBe("2");
  });

  it("does not start again for a ledger that was restored after the end", () => {
    const done = after(running, result("succeeded"));
    expect(() => reduceRun(done, start("a"), startMs)).toThrowError(expect.objectContaining({ code: "stale_attempt" }));
  });

  it("does not start after the plan's expiry, and expires then", () => {
    expect(() => reduceRun(sent, start("a"), sent.expiresAtMs)).toThrowError(
      expect.objectContaining({ code: "expired" }),
    );
    expect(after(sent, { type: "expire" }, sent.expiresAtMs).status).toBe("expired");
    expect(after(running, { type: "expire" }, sent.expiresAtMs)).toBe(running);
  });

  it("is unreachable past its deadline, takes a late result, and fails a day later", () => {
    const deadlineMs = running.deadlineAtMs ?? 0;
    expect(after(running, { type: "pass_deadline" }, deadlineMs - 1)).toBe(running);
    const lost = after(running, { type: "pass_deadline" }, deadlineMs);
    expect(lost.status).toBe("unreachable");
    expect(after(lost, result("succeeded"), deadlineMs + 5).status).toBe("succeeded");
    expect(after(lost, { type: "pass_deadline" }, deadlineMs + unreachableMs)).toMatchObject({
      status: "failed",
      reason: "unreachable",
    });
  });

  it("never calls a simulation a success", () => {
    const simulated = after(sent, start("a", "simulate"));
    expect(() => reduceRun(simulated, result("succeeded", "simulate"), startMs)).toThrow(
      "cannot end a run as succeeded",
    );
    expect(after(simulated, result("simulated", "simulate")).status).toBe("simulated");
  });

  it("takes the same result twice and no other one after it", () => {
    const done = after(running, result("succeeded"));
    expect(reduceRun(done, result("succeeded"), startMs)).toEqual({ state: done, effects: [] });
    expect(() => reduceRun(done, result("failed"), startMs)).toThrowError(
      expect.objectContaining({ code: "invalid_transition" }),
    );
  });

  it("never gives out the place of one chunk for two contents", () => {
    const event: RunEvent = { type: "chunk", attempt: 1, ledgerId: "a", chunk };
    const stored = after(running, event);
    expect(after(stored, event)).toBe(stored);
    const other: RunEvent = { ...event, chunk: { ...chunk, sha256: "b".repeat(64) } };
    expect(() => reduceRun(stored, other, startMs)).toThrow("other content");
  });

  it("keeps its chunks once: in the manifest when that is there", () => {
    const event: RunEvent = { type: "chunk", attempt: 1, ledgerId: "a", chunk };
    const output = { chunks: [chunk], sha256: "c".repeat(64), bytes: 20, truncated: false };
    const done = after(after(running, event), { ...result("succeeded"), output });
    expect(done).toMatchObject({ chunks: [], output });
    // An agent that was killed before it could post the result announces them all again.
    expect(after(done, event)).toBe(done);
    expect(after(after(running, event), result("failed")).chunks).toEqual([chunk]);
  });

  it("goes on when it is cancelled after the start", () => {
    expect(after(running, { type: "cancel" })).toBe(running);
    expect(reduceRun(sent, { type: "cancel" }, startMs)).toMatchObject({
      state: { status: "cancelled" },
      effects: [{ type: "advance_rollout" }, { type: "forget_doorbell" }],
    });
  });
});
