import { type ScheduleDefinition, scheduleDefinitionSchema } from "@steward/contracts/schedule";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextDue } from "@steward/contracts/due-times";
import * as reduce from "./reduce-schedule.ts";
import { recurrenceOf, type ScheduleState } from "./schedule-state.ts";

const startMs = Date.parse("2026-03-28T12:00:00Z");
const minuteMs = 60_000;
const author = { id: "per_00000000000000000000000000", name: "Anna" };

function definitionOf(changes: object = {}): ScheduleDefinition {
  return scheduleDefinitionSchema.parse({
    when: { rate: "every 15 minutes" },
    steps: [{ action: "system.ping", variables: {} }],
    targets: ["all"],
    ...changes,
  });
}

function scheduleOf(changes: object = {}, nowMs = startMs): ScheduleState {
  return reduce.newSchedule(
    {
      tenantId: "ten_00000000000000000000000000",
      scheduleId: "sch_00000000000000000000000000",
      name: "pings",
      definition: definitionOf(changes),
      author,
    },
    nowMs,
  );
}

const definitions = fc.record({
  when: fc.constantFrom(
    { rate: "every 15 minutes" },
    { rate: "every minute" },
    { cron: "*/30 * * * *", timeZone: "Europe/Berlin" },
    { cron: "30 2 * * *", timeZone: "America/New_York" },
  ),
  late: fc.record({ policy: fc.constantFrom("run", "skip", "once"), withinMinutes: fc.integer({ min: 5, max: 180 }) }),
  jitterSeconds: fc.constantFrom(0, 30, 900, 3600),
  overlap: fc.constantFrom("skip", "wait", "allow"),
});

/** All that one look of a scheduler does, as one write after the other. `commit` says whether it was the first. */
function* look(state: ScheduleState, nowMs: number, facts: { tenantActive?: boolean; previousRuns?: boolean } = {}) {
  let current = state;
  for (let writes = 0; writes < 40; writes += 1) {
    const decision = reduce.decideDue(current, { nowMs, tenantActive: true, previousRuns: false, ...facts });
    if (decision.kind === "nothing") return;
    const fired = decision.kind === "fire" ? decision.dueAtMs : undefined;
    const next =
      decision.kind === "fire"
        ? reduce.noteDue(current, { outcome: "started", taskId: `tsk_${decision.dueAtMs}` }, nowMs)
        : decision.state;
    expect(next.version).toBe(current.version + 1);
    const isFirst: boolean = yield { before: current, next, fired };
    if (!isFirst) return;
    current = next;
  }
}

describe("a schedule", () => {
  it("is fired at most once for each due time, by two schedulers of which any is killed at any write", () => {
    fc.assert(
      fc.property(
        definitions,
        fc.array(
          fc.record({
            afterMs: fc.oneof(fc.integer({ min: 0, max: 2 * minuteMs }), fc.integer({ min: 0, max: 8 * 3_600_000 })),
            first: fc.constantFrom(0, 1),
            turns: fc.array(fc.constantFrom(0, 1), { maxLength: 12 }),
            killAt: fc.tuple(fc.nat(8), fc.nat(8)),
            previousRuns: fc.boolean(),
            clockMs: fc.integer({ min: -minuteMs, max: minuteMs }),
          }),
          { maxLength: 25 },
        ),
        (changes, ticks) => {
          let stored = scheduleOf(changes);
          const fired: number[] = [];
          let nowMs = startMs;
          for (const tick of ticks) {
            nowMs += tick.afterMs;
            // Both have read the record before either writes; each then goes its way, until it is killed.
            const both = [0, 1].map((which) => ({
              work: look(stored, nowMs + which * tick.clockMs, { previousRuns: tick.previousRuns }),
              written: 0,
              dead: false,
              wasFirst: true as boolean,
            }));
            for (const which of [...tick.turns, 0, 0, 0, 0, 1, 1, 1, 1]) {
              const one = both[which];
              if (one === undefined || one.dead) continue;
              const step = one.work.next(one.wasFirst);
              if (step.done === true || one.written >= (tick.killAt[which] ?? 0)) {
                one.dead = true;
                continue;
              }
              one.written += 1;
              one.wasFirst = step.value.before.version === stored.version;
              if (!one.wasFirst) continue;
              if (step.value.fired !== undefined) fired.push(step.value.fired);
              stored = step.value.next;
            }
          }
          expect(new Set(fired).size).toBe(fired.length);
          expect(fired).toEqual([...fired].sort((a, b) => a - b));
          for (const due of fired) expect(nextDue(recurrenceOf(stored), due - 1)).toBe(due);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("leaves out no due time while somebody looks every minute and nothing is in the way", () => {
    fc.assert(
      fc.property(definitions, (changes) => {
        let stored = scheduleOf(changes);
        const fired: number[] = [];
        const untilMs = startMs + 4 * 3_600_000;
        for (let nowMs = startMs; nowMs <= untilMs; nowMs += minuteMs) {
          for (const { next, fired: one } of accepted(look(stored, nowMs))) {
            stored = next;
            if (one !== undefined) fired.push(one);
          }
        }
        const wanted: number[] = [];
        const recurrence = recurrenceOf(stored);
        for (
          let due = nextDue(recurrence, startMs);
          due !== undefined && due <= untilMs;
          due = nextDue(recurrence, due)
        ) {
          wanted.push(due);
        }
        // The last ones are put off to behind the end.
        expect(fired).toEqual(wanted.slice(0, fired.length));
        const next = wanted[fired.length];
        if (next !== undefined) expect(next + reduce.jitterMs(stored, next)).toBeGreaterThan(untilMs);
      }),
      { numRuns: 40 },
    );
  });

  const afterDowntime = (late: object, hours: number, changes: object = {}) => {
    const state = scheduleOf({ when: { rate: "every hour" }, late, ...changes });
    const nowMs = startMs + hours * 3_600_000 + 10 * minuteMs;
    let stored = state;
    const fired: string[] = [];
    for (const { next, fired: one } of accepted(look(state, nowMs))) {
      stored = next;
      if (one !== undefined) fired.push(new Date(one).toISOString().slice(11, 16));
    }
    return { fired, stored };
  };

  it("runs all that was missed in order, the last only, or none: by its policy, and nothing beyond its limit", () => {
    expect(afterDowntime({ policy: "run", withinMinutes: 600 }, 3).fired).toEqual(["13:00", "14:00", "15:00"]);
    expect(afterDowntime({ policy: "run", withinMinutes: 90 }, 3).fired).toEqual(["14:00", "15:00"]);
    expect(afterDowntime({ policy: "once", withinMinutes: 600 }, 3).fired).toEqual(["15:00"]);
    expect(afterDowntime({ policy: "once", withinMinutes: 5 }, 3).fired).toEqual([]);
    const skipped = afterDowntime({ policy: "skip", withinMinutes: 600 }, 3);
    expect(skipped.fired).toEqual([]);
    expect(skipped.stored.log[0]).toMatchObject({ outcome: "skipped", why: "It was late by more than 5 min." });
    expect(skipped.stored.next?.dueAtMs).toBe(startMs + 4 * 3_600_000);
  });

  it("passes over a year's minutes without counting them", () => {
    const state = scheduleOf({ when: { rate: "every minute" } });
    const began = performance.now();
    const [first] = accepted(look(state, startMs + 365 * 86_400_000));
    expect(first?.next.log[0]).toMatchObject({ outcome: "skipped", dueAtMs: startMs + minuteMs });
    expect(performance.now() - began).toBeLessThan(500);
  });

  it("leaves out a due time whose task before still runs, waits for it, or does not mind", () => {
    const at = startMs + 15 * minuteMs;
    const busy = (overlap: string, nowMs = at) =>
      reduce.decideDue(scheduleOf({ overlap }), { nowMs, tenantActive: true, previousRuns: true });
    expect(busy("skip")).toMatchObject({ kind: "moved", state: { log: [{ outcome: "skipped" }] } });
    expect(busy("wait")).toMatchObject({ kind: "moved", state: { log: [], lookAtMs: at + reduce.lookAgainMs } });
    expect(busy("allow")).toMatchObject({ kind: "fire", dueAtMs: at });
    // And what has waited for half an hour is not late by that.
    const waited = scheduleOf({ when: { rate: "every hour" }, overlap: "wait" });
    const facts = { nowMs: startMs + 90 * minuteMs, tenantActive: true, previousRuns: false };
    expect(reduce.decideDue(waited, facts)).toMatchObject({ kind: "fire", lateMs: 30 * minuteMs });
  });

  it("does nothing for a tenant that is suspended, and goes by its late policy afterwards", () => {
    const state = scheduleOf();
    const nowMs = startMs + 15 * minuteMs;
    const held = reduce.decideDue(state, { nowMs, tenantActive: false, previousRuns: false });
    expect(held).toMatchObject({ kind: "moved", state: { log: [], next: { dueAtMs: nowMs } } });
    if (held.kind !== "moved") return;
    expect(reduce.decideDue(held.state, { nowMs, tenantActive: true, previousRuns: false }).kind).toBe("nothing");
    const later = { nowMs: nowMs + minuteMs, tenantActive: true, previousRuns: false };
    expect(reduce.decideDue(held.state, later).kind).toBe("fire");
  });

  it("stops asking when it was refused three times in a row", () => {
    let state = scheduleOf();
    const refuse = () => {
      state = reduce.noteDue(
        state,
        { outcome: "refused", why: "Whoever asked has no role here." },
        state.next?.fireAtMs ?? 0,
      );
    };
    refuse();
    refuse();
    state = reduce.noteDue(state, { outcome: "started", taskId: "tsk_1" }, state.next?.fireAtMs ?? 0);
    for (let times = 0; times < reduce.maxRefusals; times += 1) {
      expect(state.status).toBe("active");
      refuse();
    }
    expect(state).toMatchObject({ status: "paused", paused: { by: "steward:schedule" } });
    expect(state.next).toBeUndefined();
    expect(reduce.resumeSchedule(state, startMs + 86_400_000)).toMatchObject({ status: "active", refusals: 0 });
  });

  it("does not make up for what was due while it was paused", () => {
    const paused = reduce.pauseSchedule(scheduleOf(), "per_1", startMs);
    const facts = { nowMs: startMs + 86_400_000, tenantActive: true, previousRuns: false };
    expect(reduce.decideDue(paused, facts).kind).toBe("nothing");
    const resumed = reduce.resumeSchedule(paused, startMs + 86_400_000 + 1);
    expect(resumed.next?.dueAtMs).toBe(startMs + 86_400_000 + 15 * minuteMs);
  });

  it("spreads by its jitter, the same due time always by the same", () => {
    const state = scheduleOf({ jitterSeconds: 600 });
    const shifts = Array.from({ length: 50 }, (_, index) => reduce.jitterMs(state, startMs + index * minuteMs));
    expect(new Set(shifts).size).toBeGreaterThan(40);
    expect(Math.max(...shifts)).toBeLessThanOrEqual(600_000);
    expect(reduce.jitterMs(state, startMs)).toBe(reduce.jitterMs({ ...state, version: 7 } as ScheduleState, startMs));
  });

  it("loses its standing approval with any change of what it does, to whom, how, when or how often", () => {
    const standing = {
      document: { type: "steward-standing-approval-v1" as const, keyId: "", payload: "", signature: "" },
      standingHash: "a".repeat(64),
      by: "per_2",
      name: "Bob",
      atMs: startMs,
      expiresAtMs: startMs + 86_400_000,
    };
    const approved = reduce.approveSchedule(scheduleOf(), standing, startMs);
    const by = { id: "per_3", name: "Eve" };
    const change = (changes: object) =>
      reduce.changeSchedule(approved, { definition: definitionOf(changes), by }, startMs);
    for (const changes of [
      { when: { rate: "every 16 minutes" } },
      { steps: [{ action: "disk.usage", variables: {} }] },
      { targets: ["site:berlin"] },
      { mode: "check" },
      { maxTargets: 101 },
      { rollout: { undoOnFailure: true } },
      { jitterSeconds: 9 },
      { overlap: "wait" },
      { late: { policy: "run" } },
      { blackout: "skip" },
    ]) {
      expect(change(changes).standing).toBeUndefined();
      expect(change(changes).author).toEqual(by);
    }
    // What is due stays due where the times are the same.
    expect(change({ overlap: "wait" }).next?.dueAtMs).toBe(approved.next?.dueAtMs);
    expect(change({})).toBe(approved);
    expect(reduce.revokeStanding(approved, startMs).standing).toBeUndefined();
    expect(reduce.pauseSchedule(approved, "per_1", startMs).standing).toEqual(standing);
  });

  it("does not run a due time again that it ran under the same name before it was removed", () => {
    const ran = reduce.noteDue(scheduleOf(), { outcome: "started", taskId: "tsk_1" }, startMs + 15 * minuteMs);
    const removed = reduce.removeSchedule(ran, startMs + 15 * minuteMs);
    const again = reduce.newSchedule({ ...removed }, startMs + 14 * minuteMs, removed);
    expect(again.version).toBe(removed.version + 1);
    expect(again.next?.dueAtMs).toBeGreaterThan(startMs + 15 * minuteMs);
    expect(() => reduce.newSchedule({ ...removed }, startMs, again)).toThrow("already");
  });
});

/** A look whose every write is the first. */
function* accepted(work: ReturnType<typeof look>) {
  let step = work.next();
  while (step.done !== true) {
    yield step.value;
    step = work.next(true);
  }
}
