import fc from "fast-check";
import { expect, it } from "vitest";
import { claudeAnswerTokens, claudeMostUsd, claudePriceUsd } from "./claude-price.ts";

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

it("costs a quarter more to write into the cache, and a tenth to read from it", () => {
  const answer = { model: "claude-sonnet-5-5", promptTokens: 0, completionTokens: 0 };
  expect(claudePriceUsd({ ...answer, cacheWriteTokens: 1_000_000 })).toBe(3.75);
  expect(claudePriceUsd({ ...answer, cacheReadTokens: 1_000_000 })).toBeCloseTo(0.3);
});

it("never costs more than was reserved for it, however much of it was cached", () => {
  const model = fc.constantFrom("claude-haiku-4-5", "claude-sonnet-5-5", "claude-next");
  const bytes = fc.nat(200_000);
  fc.assert(
    fc.property(model, fc.tuple(bytes, bytes, bytes), fc.nat(claudeAnswerTokens), (name, parts, completionTokens) => {
      const [promptTokens, cacheWriteTokens, cacheReadTokens] = parts;
      const most = claudeMostUsd({ model: name, promptBytes: promptTokens + cacheWriteTokens + cacheReadTokens });
      const cost = claudePriceUsd({ model: name, promptTokens, cacheWriteTokens, cacheReadTokens, completionTokens });
      expect(cost).toBeLessThanOrEqual(most);
    }),
  );
});
