import fc from "fast-check";
import { decodeTime } from "ulid";
import { expect, test } from "vitest";
import { derivedId, idSchema, newId } from "./ids.ts";

const timeMs = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test("a derived id is an id, always the same for a seed and time, and another for another seed", () => {
  fc.assert(
    fc.property(timeMs, fc.string(), fc.string(), (time, seed, other) => {
      const id = derivedId("task", time, seed);
      expect(idSchema("task").parse(id)).toBe(derivedId("task", time, seed));
      expect(decodeTime(id.slice(4).toUpperCase())).toBe(time);
      if (other !== seed) expect(derivedId("task", time, other)).not.toBe(id);
    }),
  );
});

test("it sorts among those that were made before and after it", () => {
  const before = newId("task", 1_000);
  // Ids of one process sort in the order of making: where this one has made any, the clock goes on from the latest.
  const madeMs = decodeTime(before.slice(4).toUpperCase());
  const after = newId("task", madeMs + 2_000);
  const derived = derivedId("task", madeMs + 1_000, "key");
  expect([after, derived, before].toSorted()).toEqual([before, derived, after]);
});
