import fc from "fast-check";
import { expect, it } from "vitest";
import { claudePriceUsd } from "./claude-price.ts";

it("costs what its family costs for a million tokens", () => {
  const million = { promptTokens: 1_000_000, completionTokens: 1_000_000 };
  expect(claudePriceUsd({ model: "claude-haiku-4-5-20251001", ...million })).toBe(6);
  expect(claudePriceUsd({ model: "claude-sonnet-5-5", ...million })).toBe(18);
  expect(claudePriceUsd({ model: "claude-opus-4-5", ...million })).toBe(30);
});

it("never shows less for a model that it does not know than for one that it does", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (promptTokens, completionTokens) => {
      const unknown = claudePriceUsd({ model: "claude-next", promptTokens, completionTokens });
      for (const model of ["claude-haiku-4-5", "claude-sonnet-5-5", "claude-opus-4-5"]) {
        expect(unknown).toBeGreaterThanOrEqual(claudePriceUsd({ model, promptTokens, completionTokens }));
      }
    }),
  );
});
