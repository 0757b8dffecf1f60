import { canonicalHash } from "@steward/contracts/canonical";
import { factsSchema } from "@steward/contracts/facts";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseFacts } from "./facts.ts";

it("makes facts that can be sent and hashed of whatever a machine prints", () => {
  const line = fc
    .tuple(
      fc.constantFrom(
        "hostname",
        "user",
        "group",
        "share",
        "service",
        "domain",
        "maildomain",
        "mailbox",
        "setup",
        "certificate nas",
        "version os",
        "noise",
      ),
      fc.string({ unit: "grapheme", maxLength: 300 }),
    )
    .map(([key, value]) => `${key} ${value}`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const facts = parseFacts(lines.join("\n"));
      expect(factsSchema.safeParse(facts).success).toBe(true);
      expect(canonicalHash(facts)).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
  expect(parseFacts("certificate nas.home.example 2026-11-25\ncertificate ../x 2026-11-25").certificates).toEqual({
    "nas.home.example": "2026-11-25",
  });
  expect(parseFacts(`service ${"x".repeat(63)}😀`).services).toEqual([`${"x".repeat(63)}\ufffd`]);
});
