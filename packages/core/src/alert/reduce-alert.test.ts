import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs } from "../../test/fixtures.ts";
import { type AlertState, alertIdOf } from "./alert-state.ts";
import { type AlertEvent, openAlert, reduceAlert, reopenMs, suppressedLookMs } from "./reduce-alert.ts";

const minuteMs = 60_000;
const by = { id: "per_a", name: "Anna" };
const subject = { kind: "offline", nodeId: "apl_1" } as const;
let notices = 0;
const raise = (over: Partial<Extract<AlertEvent, { type: "raise" }>> = {}) => {
  return { type: "raise", severity: "critical", noticeId: `ntc_${(notices += 1)}`, ...over } as const;
};
const open = (over: Parameters<typeof raise>[0] = {}) => openAlert("ten_a", subject, raise(over), startMs).state;

/** Events, each so many minutes after the one before; what was told, in order. */
function play(state: AlertState, steps: readonly [minutes: number, event: AlertEvent][]) {
  let now = state;
  let nowMs = startMs;
  const told: string[] = [];
  for (const [minutes, event] of steps) {
    nowMs += minutes * minuteMs;
    const step = reduceAlert(now, event, nowMs);
    told.push(...step.effects.map((effect) => effect.event.replace("alert.", "")));
    now = step.state;
  }
  return { state: now, told, nowMs };
}
const clear = { type: "clear" } as const;
const look = { type: "look", noticeId: "ntc_look" } as const;

describe("an alert", () => {
  it("has one id for one thing, whoever meets it", () => {
    expect(alertIdOf("ten_a", subject)).toBe(alertIdOf("ten_a", { ...subject }));
    const others = [
      alertIdOf("ten_b", subject),
      alertIdOf("ten_a", { kind: "offline", nodeId: "apl_2" }),
      alertIdOf("ten_a", { kind: "health", nodeId: "apl_1", part: "cpuPercent" }),
      alertIdOf("ten_a", { kind: "health", nodeId: "apl_1", part: "diskPercent" }),
      alertIdOf("ten_a", { kind: "fleet-silent" }),
    ];
    expect(new Set([alertIdOf("ten_a", subject), ...others]).size).toBe(6);
  });

  it("is told once when it opens, however often that is said, and once when it is over", () => {
    const first = openAlert("ten_a", subject, raise(), startMs);
    expect(first.effects).toEqual([{ type: "tell", event: "alert.raised" }]);
    const { told, state } = play(first.state, [
      [1, raise()],
      [1, raise()],
      [1, clear],
      [1, clear],
    ]);
    expect(told).toEqual(["resolved"]);
    expect(state).toMatchObject({ status: "resolved", openings: 1 });
    expect(state.dueAtMs).toBeUndefined();
  });

  it("that was away for less than ten minutes was never away: the same opening, acknowledged as it was", () => {
    const { state, told } = play(open(), [
      [1, { type: "acknowledge", by }],
      [1, clear],
      [9, raise()],
    ]);
    expect(told).toEqual(["resolved"]);
    expect(state).toMatchObject({ status: "acknowledged", acknowledgedBy: by, openings: 1, startsAtMs: startMs });
  });

  it("that comes back later opens anew, and what it was is kept", () => {
    const { state, told, nowMs } = play(open(), [
      [1, { type: "acknowledge", by }],
      [1, clear],
      [reopenMs / minuteMs, raise({ severity: "warning" })],
    ]);
    expect(told).toEqual(["resolved", "raised"]);
    expect(state).toMatchObject({ status: "open", severity: "warning", openings: 2, startsAtMs: nowMs });
    expect(state.acknowledgedBy).toBeUndefined();
    expect(state.past).toMatchObject([{ startsAtMs: startMs, severity: "critical", acknowledgedBy: by }]);
  });

  it("that becomes worse than what was acknowledged is open again and told, and not if it only comes back to that", () => {
    const worse = play(open({ severity: "warning" }), [
      [1, { type: "acknowledge", by }],
      [1, raise({ severity: "critical" })],
    ]);
    expect(worse.told).toEqual(["raised"]);
    expect(worse.state).toMatchObject({ status: "open", severity: "critical" });
    const known = play(open(), [
      [1, { type: "acknowledge", by }],
      [1, raise({ severity: "warning" })],
      [1, raise({ severity: "critical" })],
    ]);
    expect(known.told).toEqual([]);
    expect(known.state.status).toBe("acknowledged");
  });

  it("is escalated once where nobody acknowledges a critical one in time, and not where somebody does", () => {
    const state = open({ escalateAfterMs: 30 * minuteMs });
    expect(state.dueAtMs).toBe(startMs + 30 * minuteMs);
    expect(play(state, [[29, look]]).told).toEqual([]);
    const late = play(state, [
      [30, look],
      [30, look],
    ]);
    expect(late.told).toEqual(["escalated"]);
    expect(late.state.dueAtMs).toBeUndefined();
    const seen = play(state, [
      [5, { type: "acknowledge", by }],
      [30, look],
    ]);
    expect(seen.told).toEqual([]);
    expect(open({ severity: "warning", escalateAfterMs: 30 * minuteMs }).dueAtMs).toBeUndefined();
  });

  it("is not told while it is snoozed, is told when that is over, and at once when it becomes worse", () => {
    const snooze = { type: "snooze", by, untilMs: startMs + 60 * minuteMs } as const;
    const quiet = play(open({ severity: "warning", escalateAfterMs: minuteMs }), [
      [1, snooze],
      [1, clear],
      [20, raise({ severity: "warning" })],
    ]);
    expect(quiet.told).toEqual(["resolved"]);
    expect(quiet.state.dueAtMs).toBe(snooze.untilMs);
    expect(reduceAlert(quiet.state, look, snooze.untilMs).effects).toEqual([{ type: "tell", event: "alert.raised" }]);
    const worse = play(open({ severity: "warning" }), [
      [1, snooze],
      [1, raise({ severity: "critical" })],
    ]);
    expect(worse.told).toEqual(["raised"]);
  });

  it("that is told again at the end of a snooze still knows who was told that it began, and when", () => {
    const first = open();
    const { state, told } = play(first, [
      [1, { type: "snooze", by, untilMs: startMs + 60 * minuteMs }],
      [59, look],
    ]);
    expect(told).toEqual(["raised"]);
    expect(state.told).toMatchObject({
      firstAtMs: startMs,
      atMs: startMs + 60 * minuteMs,
      notices: [...(first.told?.notices ?? []), "ntc_look"],
    });
  });

  it("that became worse than what was snoozed is escalated in its time, whatever the snooze", () => {
    const escalateAfterMs = 30 * minuteMs;
    const snooze = { type: "snooze", by, untilMs: startMs + 3 * 24 * 60 * minuteMs } as const;
    const worse = play(open({ severity: "warning", escalateAfterMs }), [
      [1, snooze],
      [1, raise({ escalateAfterMs })],
    ]);
    expect(worse.state.dueAtMs).toBe(worse.nowMs + escalateAfterMs);
    const late = reduceAlert(worse.state, look, worse.nowMs + escalateAfterMs);
    expect(late.effects).toEqual([{ type: "tell", event: "alert.escalated" }]);
    // Snoozed once more as bad as it is now, it is not.
    const again = reduceAlert(worse.state, snooze, worse.nowMs);
    expect(again.state.dueAtMs).toBe(snooze.untilMs);
  });

  it("behind a silent gateway is told only once the gateway is back and it is not, and never where it is over before", () => {
    const first = openAlert("ten_a", subject, raise({ suppressedBy: "apl_2" }), startMs);
    expect(first.effects).toEqual([]);
    expect(first.state.dueAtMs).toBe(startMs + suppressedLookMs);
    const minutes = suppressedLookMs / minuteMs;
    const still = play(first.state, [[minutes, { ...look, suppressedBy: "apl_2" }]]);
    expect(still.told).toEqual([]);
    expect(still.state.dueAtMs).toBe(startMs + 2 * suppressedLookMs);
    expect(play(still.state, [[2 * minutes, look]]).told).toEqual(["raised"]);
    expect(play(still.state, [[1, clear]]).told).toEqual([]);
  });

  it("behind a gateway that is gone for long is looked at more seldom, at last every hour", () => {
    let state = open({ suppressedBy: "apl_2" });
    const gaps: number[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const nowMs = state.dueAtMs ?? Number.NaN;
      state = reduceAlert(state, { ...look, suppressedBy: "apl_2" }, nowMs).state;
      gaps.push(((state.dueAtMs ?? Number.NaN) - nowMs) / minuteMs);
    }
    expect(gaps).toEqual(gaps.toSorted((one, other) => one - other));
    expect([gaps[0], gaps.at(-1)]).toEqual([3, 60]);
  });

  it("that opened behind a gateway and comes back within ten minutes by itself is told, also when it is less bad", () => {
    const hidden = open({ suppressedBy: "apl_2" });
    const back = play(hidden, [
      [1, clear],
      [5, raise()],
    ]);
    expect(back.told).toEqual(["raised"]);
    expect(back.state).toMatchObject({ status: "open", openings: 1, told: { severity: "critical" } });
    const lesser = play(hidden, [
      [1, clear],
      [5, raise({ severity: "warning" })],
    ]);
    expect(lesser.told).toEqual(["raised"]);
  });

  it("that opens after its snooze has ended is told once", () => {
    const snooze = { type: "snooze", by, untilMs: startMs + 60 * minuteMs } as const;
    const later = play(open(), [
      [1, snooze],
      [1, clear],
      [180, raise()],
      [1, look],
    ]);
    expect(later.told).toEqual(["resolved", "raised"]);
    const worse = play(open({ severity: "warning" }), [
      [1, snooze],
      [60, raise()],
      [1, look],
    ]);
    expect(worse.told).toEqual(["raised"]);
  });

  it("is not escalated again where it only swings, and by the setting of today", () => {
    const escalateAfterMs = 30 * minuteMs;
    const swings = play(open({ escalateAfterMs }), [
      [30, look],
      [1, raise({ severity: "warning", escalateAfterMs })],
      [1, raise({ escalateAfterMs })],
      [60, look],
    ]);
    expect(swings.told).toEqual(["escalated"]);
    expect(play(open({ escalateAfterMs }), [[1, raise()]]).state.dueAtMs).toBeUndefined();
    const anew = play(open({ escalateAfterMs }), [
      [30, look],
      [1, clear],
      [20, raise()],
      [40, look],
    ]);
    expect(anew.told).toEqual(["escalated", "resolved", "raised"]);
  });

  it("that is over can be neither acknowledged nor snoozed", () => {
    const { state } = play(open(), [[1, clear]]);
    for (const event of [{ type: "acknowledge", by } as const, { type: "snooze", by, untilMs: startMs } as const]) {
      expect(() => reduceAlert(state, event, startMs)).toThrow("over already");
    }
  });
});

const anyEvent: fc.Arbitrary<AlertEvent> = fc.oneof(
  fc
    .record({
      severity: fc.constantFrom("warning" as const, "critical" as const),
      suppressed: fc.boolean(),
      escalates: fc.boolean(),
    })
    .map(({ severity, suppressed, escalates }) =>
      raise({
        severity,
        ...(suppressed ? { suppressedBy: "apl_2" } : {}),
        ...(escalates ? { escalateAfterMs: 30 * minuteMs } : {}),
      }),
    ),
  fc.constant<AlertEvent>(clear),
  fc.constant<AlertEvent>({ type: "acknowledge", by }),
  fc.nat(120).map<AlertEvent>((minutes) => ({ type: "snooze", by, untilMs: startMs + minutes * minuteMs })),
  fc.boolean().map<AlertEvent>((suppressed) => (suppressed ? { ...look, suppressedBy: "apl_2" } : look)),
);

it("whatever comes: twice is as good as once, versions are without gaps, and one that is over has nothing due", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(40), anyEvent), { maxLength: 25 }), (steps) => {
      let state = open();
      let nowMs = startMs;
      for (const [minutes, event] of steps) {
        nowMs += minutes * minuteMs;
        let step: ReturnType<typeof reduceAlert>;
        try {
          step = reduceAlert(state, event, nowMs);
        } catch {
          expect(state.status).toBe("resolved");
          continue;
        }
        expect(step.state.version).toBe(step.state === state ? state.version : state.version + 1);
        if (step.state === state) expect(step.effects).toEqual([]);
        if (event.type !== "snooze") {
          const again = reduceAlert(step.state, event, nowMs);
          // A look at the same moment may find a second thing due, once: the end of a snooze, then what it held back.
          if (event.type !== "look") expect([again.state, again.effects]).toEqual([step.state, []]);
        }
        for (const { event: told } of step.effects) {
          if (told === "alert.resolved") expect(step.state.status).toBe("resolved");
          else expect(step.state.status).toBe("open");
          if (told === "alert.raised") {
            expect(step.state.suppressedBy).toBeUndefined();
            expect(step.state.dueAtMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(nowMs);
          }
        }
        if (step.state.status === "resolved") expect(step.state.dueAtMs).toBeUndefined();
        if (step.state.suppressedBy !== undefined && step.state.status !== "resolved") {
          expect(step.state.dueAtMs).toBeDefined();
        }
        if (event.type === "raise" && step.state.status === "open" && step.state.told === undefined) {
          // Whom nobody was told of waits for something.
          expect(step.state.dueAtMs).toBeDefined();
        }
        expect(step.state.past.length).toBe(Math.min(10, step.state.openings - 1));
        state = step.state;
      }
    }),
  );
});
