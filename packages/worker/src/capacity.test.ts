import { expect, it } from "vitest";
import { type HeldSlots, settleSlots } from "./capacity.ts";

const after = (...choices: [number, "memory" | "curve"][]) =>
  choices.reduce<HeldSlots>((held, [slots, decidedBy]) => settleSlots(held, { slots, decidedBy }), {}).slots;

it("fewer slots for want of memory hold when they are seen twice in a row, everything else at once", () => {
  expect(after([4, "memory"])).toBe(4);
  expect(after([4, "memory"], [2, "memory"])).toBe(4);
  expect(after([4, "memory"], [2, "memory"], [1, "memory"])).toBe(1);
  expect(after([4, "memory"], [2, "memory"], [4, "memory"], [2, "memory"])).toBe(4);
  expect(after([4, "memory"], [6, "memory"])).toBe(6);
  expect(after([4, "memory"], [2, "curve"])).toBe(2);
});
