import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { short, stacked, summary, thinned } from "./plot-data.ts";

describe("a stack", () => {
  it("grows from series to series, and its top is the sum", () => {
    const value = fc.option(fc.integer({ min: 0, max: 1000 }));
    const rows = fc
      .integer({ min: 0, max: 8 })
      .chain((length) =>
        fc.array(fc.array(value, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 5 }),
      );
    fc.assert(
      fc.property(rows, (series) => {
        const stack = stacked(series);
        for (const [at] of (series[0] ?? []).entries()) {
          const known = series.map((values) => values[at]).filter((one) => one !== null && one !== undefined);
          const top = stack.at(-1)?.[at];
          if (known.length === 0) expect(top).toBeNull();
          else expect(top).toBe(known.reduce((sum, one) => sum + one, 0));
          for (const [index, layer] of stack.entries()) {
            if (index > 0) expect(layer[at] ?? 0).toBeGreaterThanOrEqual(stack[index - 1]?.[at] ?? 0);
          }
        }
      }),
    );
  });
});

describe("in words", () => {
  it("says the last, the lowest and the highest value", () => {
    expect(summary("Queued", [1, 5, null, 3, null], String)).toBe("Queued: 3 now, between 1 and 5");
    expect(summary("Queued", [null], String)).toBe("Queued: no data");
  });

  it("is thinned evenly, first and last stay", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 2, max: 60 }), (length, most) => {
        const places = thinned(length, most);
        expect(places.length).toBe(Math.min(length, most));
        if (length > 0) {
          expect(places[0]).toBe(0);
          expect(places.at(-1)).toBe(length - 1);
        }
        expect(new Set(places).size).toBe(places.length);
      }),
    );
  });

  it("writes numbers short", () => {
    expect([0, 7, 0.0312, 3.14159, 123.4, 9_999, 12_345, 1_234_567, -2_500_000_000].map(short)).toEqual([
      "0",
      "7",
      "0.031",
      "3.14",
      "123",
      "9999",
      "12.3 k",
      "1.23 M",
      "-2.5 G",
    ]);
  });
});
