import { defaults } from "@steward/contracts/defaults";
import { lanes } from "@steward/contracts/names";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs, taskId, tenantId } from "../../test/fixtures.ts";
import type { JobState } from "./job-state.ts";
import { judgeWait } from "./judge-wait.ts";
import { newJob } from "./new-job.ts";

const job = newJob({ tenantId, jobId: "job_1", taskId, lane: "express", tier: "ollama", secretHash: "s" }, startMs);
const alone = { places: 1, window: 2, holding: false };
const busy = { ready: 4, used: 4 };
const afterSloMs = startMs + 10_001;

describe("a job that waits", () => {
  it("goes on at the lane's promise because of its own tenant's backlog: held back, a full window, others held back", () => {
    const held: JobState = { ...job, admittedAtMs: undefined };
    const own = { kind: "escalate", why: "own_backlog" };
    expect(judgeWait(held, { own: { ...alone, places: 2 }, slots: busy, nowMs: afterSloMs })).toEqual(own);
    expect(judgeWait(held, { own: { ...alone, holding: true }, slots: busy, nowMs: afterSloMs })).toEqual(own);
    expect(judgeWait(job, { own: { ...alone, places: 2 }, slots: busy, nowMs: afterSloMs })).toEqual(own);
    expect(judgeWait(job, { own: { ...alone, holding: true }, slots: busy, nowMs: afterSloMs })).toEqual(own);
  });

  it("that is held back though its window has room asks for its place, however long it has waited", () => {
    const held: JobState = { ...job, admittedAtMs: undefined };
    for (const slots of [busy, { ready: 4, used: 3 }, { ready: 0, used: 0 }]) {
      expect(judgeWait(held, { own: alone, slots, nowMs: held.deadlineAtMs - 1 })).toEqual({ kind: "wait" });
    }
  });

  it("does not spend its tenant's money because others fill the slots, but at half of its time", () => {
    expect(judgeWait(job, { own: alone, slots: busy, nowMs: startMs + 29_999 })).toEqual({ kind: "wait" });
    expect(judgeWait(job, { own: alone, slots: busy, nowMs: startMs + 30_000 })).toMatchObject({ why: "last_resort" });
  });

  it("goes on where slots are free and nobody takes it, and where no worker is there", () => {
    for (const slots of [
      { ready: 4, used: 3 },
      { ready: 0, used: 0 },
    ]) {
      expect(judgeWait(job, { own: alone, slots, nowMs: afterSloMs })).toMatchObject({ why: "nobody_takes_it" });
    }
  });

  it("goes on when the second of its workers has gone silent, not the first", () => {
    const leased: JobState = {
      ...job,
      status: "leased",
      lease: { owner: "w", claimId: "c", expiresAtMs: startMs + 30_000 },
    };
    const again: JobState = { ...leased, failures: [{ attempt: 1, tier: "ollama", reason: "the worker went silent" }] };
    const is = (state: JobState, nowMs: number) => judgeWait(state, { own: alone, slots: busy, nowMs });
    expect(is(leased, startMs + 30_000)).toEqual({ kind: "wait" });
    expect(is(again, startMs + 29_999)).toEqual({ kind: "wait" });
    expect(is(again, startMs + 30_000)).toEqual({ kind: "escalate", why: "silent_again" });
  });

  it("never goes on before its lane's promise, while it is at work, or twice", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...lanes),
        fc.record({ places: fc.nat(9), window: fc.integer({ min: 2, max: 9 }), holding: fc.boolean() }),
        fc.record({ ready: fc.nat(9), used: fc.nat(9) }),
        fc.nat(4_000_000),
        (lane, own, slots, passedMs) => {
          const one: JobState = { ...job, lane };
          const nowMs = startMs + passedMs;
          const is = (state: JobState) => judgeWait(state, { own, slots, nowMs }).kind;
          if (passedMs <= defaults.laneSloSeconds[lane] * 1000) expect(is(one)).toBe("wait");
          expect(is({ ...one, status: "leased" })).toBe("wait");
          expect(is({ ...one, tier: "claude" })).toBe("wait");
          expect(is({ ...one, failures: [{ attempt: 1, tier: "claude", reason: "no key" }] })).toBe("wait");
        },
      ),
    );
  });
});
