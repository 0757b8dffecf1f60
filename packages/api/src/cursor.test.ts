import fc from "fast-check";
import { expect, it } from "vitest";
import { type CursorScope, openCursor, sealCursor } from "./cursor.ts";

const key = new Uint8Array(32).fill(1);
const scope: CursorScope = {
  tenantId: "ten_a",
  personId: "per_a",
  routeId: "listTasks",
  filters: { status: "running" },
};

it("opens what it sealed, whatever that is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (after) => {
      expect(openCursor(key, scope, sealCursor(key, scope, after))).toBe(after);
    }),
  );
});

it("opens nothing of another tenant, person, route, filter or key", () => {
  const cursor = sealCursor(key, scope, "here");
  const others: [Uint8Array, CursorScope][] = [
    [key, { ...scope, tenantId: "ten_b" }],
    [key, { ...scope, personId: "per_b" }],
    [key, { ...scope, routeId: "listNodes" }],
    [key, { ...scope, filters: { status: "failed" } }],
    [key, { ...scope, filters: {} }],
    [new Uint8Array(32).fill(2), scope],
  ];
  for (const [otherKey, other] of others) expect(() => openCursor(otherKey, other, cursor)).toThrow("does not belong");
  expect(openCursor(key, { ...scope, filters: { status: "running", tag: undefined } }, cursor)).toBe("here");
});

it("opens nothing that was altered, and never fails in another way", () => {
  const bytes = Buffer.from(sealCursor(key, scope, "a place"), "base64url");
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      const altered = Buffer.from(bytes);
      altered[index] = (altered[index] ?? 0) ^ flip;
      expect(() => openCursor(key, scope, altered.toString("base64url"))).toThrow("does not belong");
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(() => openCursor(key, scope, text)).toThrow("does not belong");
    }),
  );
});
