import fc from "fast-check";
import { expect, it } from "vitest";
import { budgetMicros, mostMicros, roomFor, settledMicros } from "./model-spend.ts";

const usd = (max: number) => fc.double({ min: 0, max, noNaN: true });

it("is never passed by however many ask at once, settle late, or die before they do; nor by roundings", () => {
  fc.assert(
    fc.property(
      usd(3),
      fc.array(fc.record({ most: usd(1), share: usd(1.5), fate: fc.constantFrom("settle", "late", "die") }), {
        maxLength: 60,
      }),
      (limitUsd, questions) => {
        const budget = budgetMicros(limitUsd);
        let committed = 0;
        let billed = 0;
        const open: { most: number; costUsd: number }[] = [];
        const settle = (one: { most: number; costUsd: number }) => {
          committed += settledMicros(one) - one.most;
        };
        for (const { most: mostUsd, share, fate } of questions) {
          const most = mostMicros(mostUsd);
          const room = roomFor({ most, budget });
          if (room === undefined || committed > room) continue;
          committed += most;
          expect(committed).toBeLessThanOrEqual(budget);
          // What is billed is at most the most: a bill above it is none that was agreed to.
          const costUsd = Math.min(1, share) * mostUsd;
          billed += costUsd;
          if (fate === "settle") settle({ most, costUsd });
          if (fate === "late") open.push({ most, costUsd });
          expect(committed).toBeGreaterThanOrEqual(0);
        }
        for (const one of open) settle(one);
        expect(billed).toBeLessThanOrEqual(limitUsd + 1e-9);
        expect(committed).toBeLessThanOrEqual(budget);
        expect(committed + 1e-3).toBeGreaterThanOrEqual(Math.floor(billed * 1_000_000));
      },
    ),
  );
});

it("has no room for a question that is dearer than all of it, and room for one that takes all of it", () => {
  expect(roomFor({ most: 2, budget: 1 })).toBeUndefined();
  expect(roomFor({ most: 1, budget: 1 })).toBe(0);
});
