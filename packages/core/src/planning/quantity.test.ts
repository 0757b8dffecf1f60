import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantityAt } from "./quantity.ts";
import { tokenize } from "./words.ts";

const read = (text: string, unit?: "megabytes" | "days" | "seconds") => {
  const tokens = tokenize(text);
  const found = quantityAt(tokens, 0, unit);
  return found === undefined ? undefined : { value: found.value, rest: tokens.length - found.end };
};

describe("a quantity", () => {
  it.each([
    ["fifty", undefined, 50],
    ["two hundred", undefined, 200],
    ["hundred", undefined, 100],
    ["dozen", undefined, 12],
    ["3 GB", "megabytes", 3072],
    ["2.5 gigabytes", "megabytes", 2560],
    ["700MB", "megabytes", 700],
    ["one gigabyte", "megabytes", 1024],
    ["four weeks", "days", 28],
    ["1 year", "days", 365],
    ["ten minutes", "seconds", 600],
    ["2 days", "seconds", 172_800],
  ] as const)("is read in the variable's unit: %j as %s", (text, unit, value) => {
    expect(read(text, unit)).toEqual({ value, rest: 0 });
  });

  it.each([
    ["3 months", "days"],
    ["500 KB", "megabytes"],
    ["2 GB", "days"],
    ["1.7 MB", "megabytes"],
    ["500XB", "megabytes"],
    ["many", undefined],
    ["constructor", undefined],
    ["5 weeks", undefined],
  ] as const)("is none where nobody knows how much it is: %j as %s", (text, unit) => {
    expect(read(text, unit)).toBeUndefined();
  });

  it("is the number itself where it has no unit, and says where it ends", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.constantFrom(undefined, "megabytes", "days", "seconds"), (value, unit) => {
        expect(read(`${value} lines`, unit)).toEqual({ value, rest: 1 });
      }),
    );
  });
});
