import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs, tenantId } from "../../test/fixtures.ts";
import type { AdmissionState, Candidate } from "./admission-state.ts";
import { admit, emptyAdmission, windowOf } from "./admit.ts";

const empty = emptyAdmission({ tenantId, lane: "express" });
const candidate = (index: number, untilMs = startMs + 60_000): Candidate => ({
  jobId: `job_${index}`,
  createdAtMs: startMs + index,
  untilMs,
});
const none = { left: [], waiting: [], more: false, window: 2 };
const idsOf = (list: readonly { jobId: string }[]) => list.map(({ jobId }) => jobId);

describe("a tenant's window in a lane", () => {
  it("is half of the slots, and two at least", () => {
    expect([0, 1, 3, 4, 5, 8, 64].map(windowOf)).toEqual([2, 2, 2, 2, 2, 4, 32]);
    expect(windowOf(1e6)).toBe(500);
  });

  it("lets in those that have waited longest, never more than it has room for, and none twice", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.array(fc.tuple(fc.uniqueArray(fc.nat(40), { maxLength: 12 }), fc.array(fc.nat(40), { maxLength: 4 }))),
        (window, steps) => {
          let state = empty;
          for (const [waiting, left] of steps) {
            const before = new Set(idsOf(state.places));
            const list = waiting.map((index) => candidate(index));
            const step = admit(
              state,
              { ...none, waiting: list, left: left.map((index) => `job_${index}`), window },
              startMs,
            );
            expect(step.state.places.length).toBeLessThanOrEqual(window);
            expect(new Set(idsOf(step.state.places)).size).toBe(step.state.places.length);
            const held = new Set(idsOf(step.state.places));
            for (const { jobId } of step.admitted) expect(held.has(jobId)).toBe(true);
            // Whoever was passed over is younger than whoever was let in, unless the place was its own already.
            const passed = list.filter(({ jobId }) => !held.has(jobId)).map(({ createdAtMs }) => createdAtMs);
            const fresh = step.admitted.filter(({ jobId }) => !before.has(jobId));
            for (const one of fresh) for (const other of passed) expect(one.createdAtMs).toBeLessThan(other);
            // What is left over has no room, and is known to wait.
            if (passed.length > 0) expect([step.state.places.length, step.state.holding]).toEqual([window, true]);
            if (step.state !== state) expect(step.state.version).toBe(state.version + 1);
            expect(step.state.dueAtMs === undefined).toBe(step.state.places.length === 0 && !step.state.holding);
            state = step.state;
          }
        },
      ),
    );
  });

  it("counts a place as free once its job's deadline has passed, whoever forgot to give it back", () => {
    const full = admit(empty, { ...none, waiting: [candidate(1), candidate(2)] }, startMs).state;
    const early = admit(full, { ...none, waiting: [candidate(3)] }, startMs + 59_999);
    expect(early).toMatchObject({ admitted: [], state: { holding: true } });
    const late = admit(full, { ...none, waiting: [candidate(3, startMs + 120_000)] }, startMs + 60_000);
    expect(idsOf(late.state.places)).toEqual(["job_3"]);
  });

  it("gives a job that left and came back its own place, not a second one", () => {
    const one = admit(empty, { ...none, waiting: [candidate(1)] }, startMs).state;
    const again = admit(one, { ...none, waiting: [candidate(1)] }, startMs);
    expect(idsOf(again.admitted)).toEqual(["job_1"]);
    expect(again.state.places).toHaveLength(1);
  });

  it("is not written where nothing changes, and not watched once nobody is there", () => {
    const full = admit(empty, { ...none, waiting: [candidate(1), candidate(2), candidate(3)] }, startMs).state;
    expect(admit(full, { ...none, more: true }, startMs).state).toBe(full);
    const over = admit(full, { ...none, left: ["job_1", "job_2"], look: true }, startMs).state;
    expect(over).toMatchObject({ places: [], holding: false });
    expect(over.dueAtMs).toBeUndefined();
  });

  it("knows of those that wait until somebody has looked: a list that a job's end reads may not have them yet", () => {
    const full = admit(empty, { ...none, waiting: [candidate(1), candidate(2), candidate(3)] }, startMs).state;
    const left = admit(full, { ...none, left: ["job_1", "job_2"] }, startMs + 1).state;
    expect(left).toMatchObject({ places: [], holding: true, dueAtMs: startMs + 60_000 });
    expect(admit(left, { ...none, look: true }, startMs + 60_000).state).toMatchObject({ holding: false });
  });

  it("is looked at a minute after the last look, whatever changes in between: a lost place is found", () => {
    let state = admit(empty, { ...none, waiting: [candidate(0, startMs + 300_000)] }, startMs).state;
    for (let index = 1; index < 5; index += 1) {
      const waiting = [candidate(index, startMs + 300_000)];
      state = admit(state, { ...none, left: [`job_${index - 1}`], waiting }, startMs + index * 10_000).state;
      expect(state.dueAtMs).toBe(startMs + 60_000);
    }
    state = admit(state, { ...none, look: true }, startMs + 60_000).state;
    expect(state.dueAtMs).toBe(startMs + 120_000);
  });

  it("admits nobody while it is smaller than what is in it", () => {
    const three = [1, 2, 3].map((index) => candidate(index));
    const wide = admit(empty, { ...none, waiting: three, window: 3 }, startMs).state;
    const narrow = admit(wide, { ...none, left: ["job_1"], waiting: [candidate(4)] }, startMs);
    expect(narrow).toMatchObject({ admitted: [], state: { places: [{ jobId: "job_2" }, { jobId: "job_3" }] } });
  });

  it("stays within its bounds and loses nobody when many decide at once on what they have read", () => {
    // A record with versions, as the table has it: what was decided on an older version is refused, and decided again.
    fc.assert(
      fc.property(
        fc.array(fc.nat(3), { minLength: 20, maxLength: 200 }),
        fc.integer({ min: 2, max: 4 }),
        (turns, window) => {
          let stored = empty;
          const read = new Map<number, AdmissionState>();
          const waiting = Array.from({ length: 12 }, (_, index) => candidate(index));
          const inLane: string[] = [];
          const done: string[] = [];
          const finish = () => {
            const jobId = inLane.shift();
            if (jobId !== undefined) done.push(jobId);
          };
          const decideAndStore = (who: number) => {
            const seen = read.get(who) ?? stored;
            read.delete(who);
            const step = admit(seen, { ...none, left: done, waiting: [...waiting], window }, startMs);
            if (step.state === seen || seen.version !== stored.version) return;
            stored = step.state;
            for (const { jobId } of step.admitted) {
              inLane.push(jobId);
              waiting.splice(
                waiting.findIndex((one) => one.jobId === jobId),
                1,
              );
            }
            expect(inLane.length).toBeLessThanOrEqual(window);
          };
          for (const [at, who] of turns.entries()) {
            if (at % 3 === 2) finish();
            if (read.has(who)) decideAndStore(who);
            else read.set(who, stored);
          }
          while (inLane.length > 0 || waiting.length > 0) {
            finish();
            read.clear();
            decideAndStore(0);
          }
          expect(new Set(done).size).toBe(12);
        },
      ),
    );
  });
});
