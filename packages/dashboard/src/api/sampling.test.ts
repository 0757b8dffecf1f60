import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gapMs, keptMs, type Sampled, withSample } from "./sampling.ts";

describe("what was seen over time", () => {
  it("has ever later times, lists of one length, and nothing that is too old", () => {
    const look = fc.record({
      step: fc.integer({ min: -5_000, max: keptMs / 3 }),
      values: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.option(fc.nat())),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (looks) => {
        let now = 1_000_000;
        let seen: Sampled | undefined;
        for (const { step, values } of looks) {
          now += step;
          seen = withSample(seen, now, values);
          const { atMs } = seen;
          for (const list of Object.values(seen.values)) expect(list.length).toBe(atMs.length);
          for (const [place, at] of atMs.entries()) if (place > 0) expect(at).toBeGreaterThan(atMs[place - 1] ?? 0);
          expect((atMs.at(-1) ?? 0) - (atMs[0] ?? 0)).toBeLessThanOrEqual(keptMs + gapMs);
        }
      }),
    );
  });

  it("has a gap where nobody looked", () => {
    const first = withSample(undefined, 1_000, { a: 1 });
    expect(withSample(first, 3_000, { a: 2 })).toEqual({ atMs: [1_000, 3_000], values: { a: [1, 2] } });
    expect(withSample(first, 100_000, { a: 2 })).toEqual({
      atMs: [1_000, 1_001, 100_000],
      values: { a: [1, null, 2] },
    });
    expect(withSample(first, 1_000, { a: 9 })).toBe(first);
  });

  it("knows nothing of what it did not look at yet", () => {
    const first = withSample(undefined, 1_000, { a: 1 });
    expect(withSample(first, 2_000, { b: 5 }).values).toEqual({ a: [1, null], b: [null, 5] });
  });
});
