import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  errorText,
  gpusText,
  inGroups,
  pullingText,
  rateText,
  secondsText,
  slotsOf,
  slotsTotal,
  standing,
  waitWords,
} from "./work-text.ts";

describe("a lane in words", () => {
  it("says how long a new job would wait, and what that stands on", () => {
    expect(waitWords({ kind: "unknown", why: "no worker is alive" })).toEqual({
      text: "nobody knows",
      range: "no worker is alive",
      tone: "bad",
    });
    const expected = { kind: "expected", basis: "measured" } as const;
    expect(waitWords({ ...expected, seconds: 0, fromSeconds: 0, toSeconds: 0.2 }).text).toBe("at once");
    expect(waitWords({ ...expected, seconds: 12, fromSeconds: 3, toSeconds: 40 })).toEqual({
      text: "about 12 s",
      range: "3.0 s to 40 s",
      tone: "good",
    });
    expect(waitWords({ ...expected, seconds: 400, fromSeconds: 3 })).toMatchObject({
      range: "more comes in than is done",
      tone: "bad",
    });
    expect(waitWords({ ...expected, basis: "assumed", seconds: 0, fromSeconds: 0, toSeconds: 4 }).range).toBe(
      "0 s to 4.0 s; job lengths assumed",
    );
  });

  it("writes times, rates and errors short", () => {
    expect([undefined, 0, 0.04, 2.14, 9.96, 70, 400].map(secondsText)).toEqual([
      "–",
      "0 s",
      "0.0 s",
      "2.1 s",
      "10 s",
      "70 s",
      "7 min",
    ]);
    expect([0, 0.42, 9.99, 12.4].map(rateText)).toEqual(["0", "0.4", "10.0", "12"]);
    expect(errorText({ p50: 0.262, p90: 0.788 })).toBe("half within 1.3 times, nine of ten within 2.2 times");
  });
});

describe("slots", () => {
  it("are at work, free or closed, and no more than there are", () => {
    const worker = fc.record({
      id: fc.string(),
      name: fc.string(),
      slots: fc.nat(64),
      used: fc.nat(80),
      free: fc.nat(64),
      models: fc.constant<string[]>([]),
      draining: fc.boolean(),
      health: fc.constantFrom("healthy" as const, "warning" as const, "critical" as const, "offline" as const),
    });
    fc.assert(
      fc.property(fc.array(worker), (workers) => {
        for (const one of workers) {
          const { busy, free, closed } = slotsOf(one);
          expect(busy + free + closed).toBe(one.slots);
          if (one.draining) expect(free).toBe(0);
        }
        const total = slotsTotal(workers);
        expect(total.busy + total.free + total.closed).toBe(total.total);
      }),
    );
  });
});

describe("a worker in words", () => {
  it("says what it has and what keeps it", () => {
    const gpu = { name: "NVIDIA A10G", vramMb: 1, freeMb: 1 };
    expect(gpusText([gpu, gpu, { ...gpu, name: "T4" }])).toBe("2 × NVIDIA A10G, T4");
    expect(pullingText({ model: "m:8b", percent: 40.7 })).toBe("pulling m:8b, 40 %");
    expect(pullingText({ model: "m\u202e", percent: 0, problem: "disk_full" })).toBe(
      "m\\u202e does not come: the disk is full",
    );
    expect(inGroups("0a1b2c3d4")).toBe("0a1b 2c3d 4");
    expect(standing({ confirmed: false })?.text).toBe("to be confirmed");
    expect(standing({ confirmed: true, draining: true, revokedAt: "now" })?.text).toBe("shut out");
    expect(standing({ confirmed: true })).toBeUndefined();
  });
});
