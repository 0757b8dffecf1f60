import fc from "fast-check";
import { expect, test } from "vitest";
import { compareFingerprint, inGroups } from "./fingerprint.ts";

const aFingerprint = fc.stringMatching(/^[0-9a-f]{64}$/);

test("however a screen writes it, the same key is the same", () => {
  fc.assert(
    fc.property(
      aFingerprint,
      fc.constantFrom(" ", ":", "", "\n"),
      fc.constantFrom("", "Key fingerprint: ", "SHA256:"),
      fc.boolean(),
      (key, between, label, capitals) => {
        const groups = inGroups(key).flat().join(between);
        expect(inGroups(key).flat().join("")).toBe(key);
        expect(compareFingerprint(label + (capitals ? groups.toUpperCase() : groups), key)).toEqual({ is: "same" });
      },
    ),
  );
});

test("another key is never the same, and the group that differs is named", () => {
  fc.assert(
    fc.property(aFingerprint, fc.integer({ min: 0, max: 63 }), (key, at) => {
      const other = key.slice(0, at) + (key[at] === "0" ? "1" : "0") + key.slice(at + 1);
      expect(compareFingerprint(other, key)).toEqual({ is: "other", group: Math.floor(at / 4) });
    }),
  );
  expect(compareFingerprint("00", "00".repeat(32)).is).toBe("partly");
  expect(compareFingerprint(`${"00".repeat(32)}00`, "00".repeat(32)).is).toBe("other");
  expect(compareFingerprint("  ", "00".repeat(32)).is).toBe("empty");
});
