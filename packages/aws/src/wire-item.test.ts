import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromWire, toWire } from "./wire-item.ts";

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const number = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ min: -1e15, max: 1e15, noNaN: true }),
  fc.constantFrom(0, -0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    number,
    text,
    bytes,
    fc.boolean(),
    fc.constant(null),
    fc.uniqueArray(bytes, { minLength: 1, maxLength: 5 }).map((all) => new Set(all)),
    fc.uniqueArray(text, { minLength: 1, maxLength: 5 }).map((all) => new Set(all)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie("value"), { maxKeys: 4 }),
  ),
}));
const item = fc.dictionary(fc.stringMatching(/^[#:]?[a-z]\w{0,8}$/), value, { maxKeys: 8 });

test("an item goes over the wire as the SDK would put it", () => {
  fc.assert(
    fc.property(item, (one) => {
      expect(toWire(one)).toStrictEqual(marshall(one));
    }),
  );
});

test("an item is read off the wire as the SDK would read it", () => {
  fc.assert(
    fc.property(item, (one) => {
      const wire = marshall(one);
      expect(fromWire(wire)).toStrictEqual(unmarshall(wire));
    }),
  );
});

test("a number that is not exact is left to the SDK: refused, and read as a bigint", () => {
  for (const one of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53)]) {
    expect(() => toWire({ one })).toThrow(/Special numeric value|SAFE_INTEGER/);
  }
  expect(fromWire({ one: { N: "9007199254740993" } })).toEqual({ one: 9007199254740993n });
});
