import fc from "fast-check";
import { expect, test } from "vitest";
import { cutToBytes } from "./cut-to-bytes.ts";

test("what is kept is the longest beginning that fits, also of a text with half characters", () => {
  const unit = fc.oneof(fc.string({ unit: "binary", maxLength: 3 }), fc.constantFrom("\ud800", "\udc00", "é", "😀"));
  const text = fc.array(unit, { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, fc.nat({ max: 40 }), (whole, bytes) => {
      const { read } = new TextEncoder().encodeInto(whole, new Uint8Array(bytes));
      expect(cutToBytes(whole, bytes)).toBe(whole.slice(0, read));
    }),
  );
});
