import fc from "fast-check";
import { expect, it } from "vitest";
import { createSlots, type Slot } from "./slots.ts";

const step = fc.oneof(
  fc.constant({ do: "reserve" } as const),
  fc.constant({ do: "use" } as const),
  fc.constant({ do: "release" } as const),
  fc.record({ do: fc.constant("resize" as const), total: fc.integer({ min: 1, max: 6 }) }),
);

it("never more are given out than there are, in whatever order they are taken, given back and made fewer or more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), (initial, steps) => {
      const slots = createSlots(initial);
      const reserved: Slot[] = [];
      const used: Slot[] = [];
      for (const next of steps) {
        if (next.do === "reserve") {
          const room = slots.total - reserved.length - used.length;
          const slot = slots.reserveSlot();
          expect(slot !== undefined).toBe(room > 0);
          if (slot) reserved.push(slot);
        } else if (next.do === "use") {
          const slot = reserved.pop();
          if (slot) slots.markSlotUsed(slot);
          if (slot) used.push(slot);
        } else if (next.do === "release") {
          const slot = used.shift() ?? reserved.shift();
          if (slot) slots.releaseSlot(slot);
        } else slots.resize(next.total);
        const held = [...reserved, ...used];
        expect(new Set(held.map((slot) => slot.number)).size).toBe(held.length);
        expect(slots.used()).toBe(used.length);
        expect(slots.free()).toBe(Math.max(0, slots.total - held.length));
      }
    }),
  );
});

it("a slot is used once and released once", () => {
  const slots = createSlots(1);
  const slot = slots.reserveSlot();
  if (!slot) throw new Error("there is one");
  slots.markSlotUsed(slot);
  expect(() => slots.markSlotUsed(slot)).toThrow("not reserved");
  slots.releaseSlot(slot);
  expect(() => slots.releaseSlot(slot)).toThrow("not held");
});
