import fc from "fast-check";
import { expect, it } from "vitest";
import { type CursorKeys, type CursorScope, openCursor, sealCursor } from "./cursor.ts";

const keyOf = (byte: number) => new Uint8Array(32).fill(byte);
const keys: CursorKeys = { current: keyOf(1) };
const always = (known: CursorKeys) => async () => known;
const scope: CursorScope = {
  tenantId: "ten_a",
  personId: "per_a",
  routeId: "listTasks",
  filters: { status: "running" },
};

it("opens what it sealed, whatever that is", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme" }), async (after) => {
      expect(await openCursor(always(keys), scope, sealCursor(keys, scope, after))).toBe(after);
    }),
  );
});

it("opens nothing of another tenant, person, route, filter or key", async () => {
  const cursor = sealCursor(keys, scope, "here");
  const others: [CursorKeys, CursorScope][] = [
    [keys, { ...scope, tenantId: "ten_b" }],
    [keys, { ...scope, personId: "per_b" }],
    [keys, { ...scope, routeId: "listNodes" }],
    [keys, { ...scope, filters: { status: "failed" } }],
    [keys, { ...scope, filters: {} }],
    [{ current: keyOf(2) }, scope],
    [{ current: keyOf(2), previous: keyOf(3) }, scope],
  ];
  for (const [known, other] of others)
    await expect(openCursor(always(known), other, cursor)).rejects.toThrow("does not belong");
  expect(await openCursor(always(keys), { ...scope, filters: { status: "running", tag: undefined } }, cursor)).toBe(
    "here",
  );
});

it("opens what was sealed before the last rotation, and not what is older", async () => {
  const cursor = sealCursor(keys, scope, "here");
  expect(await openCursor(always({ current: keyOf(2), previous: keyOf(1) }), scope, cursor)).toBe("here");
  const twiceRotated = always({ current: keyOf(3), previous: keyOf(2) });
  await expect(openCursor(twiceRotated, scope, cursor)).rejects.toThrow("does not belong");
  // New ones are sealed with the new key alone.
  const sealed = sealCursor({ current: keyOf(2), previous: keyOf(1) }, scope, "there");
  await expect(openCursor(always({ current: keyOf(1) }), scope, sealed)).rejects.toThrow("does not belong");
});

it("reads the keys anew, once, where another function has sealed with a newer one", async () => {
  const cursor = sealCursor({ current: keyOf(2), previous: keyOf(1) }, scope, "here");
  const asked: boolean[] = [];
  const remembering = async ({ fresh = false } = {}): Promise<CursorKeys> => {
    asked.push(fresh);
    return fresh ? { current: keyOf(2), previous: keyOf(1) } : { current: keyOf(1) };
  };
  expect(await openCursor(remembering, scope, cursor)).toBe("here");
  expect(asked).toEqual([false, true]);
});

it("opens nothing that was altered, and never fails in another way", async () => {
  const bytes = Buffer.from(sealCursor(keys, scope, "a place"), "base64url");
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (index, flip) => {
      const altered = Buffer.from(bytes);
      altered[index] = (altered[index] ?? 0) ^ flip;
      await expect(openCursor(always(keys), scope, altered.toString("base64url"))).rejects.toThrow("does not belong");
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      await expect(openCursor(always(keys), scope, text)).rejects.toThrow("does not belong");
    }),
  );
});
