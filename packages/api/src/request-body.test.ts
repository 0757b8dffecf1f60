import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseJsonBody } from "./request-body.ts";

/** What comes of a body: its value, or what is said of it. */
function outcomeOf(body: string | Uint8Array): unknown {
  try {
    return { value: parseJsonBody(body, "application/json") };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { code: error.code, fields: error.fields };
  }
}

it("a text is read as its bytes would be, with half characters, marks of their order and all", () => {
  const unit = fc.oneof(
    { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 4 }) },
    fc.constantFrom("\uFEFF", "\ud800", "\udc00", "\\ud83d", "\u0000", '"', "{", "}", "[", "1e999", "__proto__"),
  );
  const anything = fc.array(unit, { maxLength: 8 }).map((parts) => parts.join(""));
  const json = fc.oneof(
    fc.json(),
    fc.json({ stringUnit: "binary" }),
    anything.map((text) => JSON.stringify({ a: [text], [text]: 1 })),
    anything.map((text) => `{"a":"${text}"}`),
  );
  const body = fc.oneof(
    anything,
    json,
    json.map((text) => `\uFEFF${text}`),
  );
  fc.assert(
    fc.property(body, (text) => {
      expect(outcomeOf(text)).toEqual(outcomeOf(new Uint8Array(Buffer.from(text))));
    }),
    { numRuns: 5_000 },
  );
});

it("a text is too large by its bytes, not by its characters", () => {
  const text = (characters: number) => `"${"é".repeat(characters)}"`;
  const limit = (defaults.maxBodyBytes - 2) / 2;
  expect(outcomeOf(text(limit))).toHaveProperty("value");
  expect(outcomeOf(text(limit + 1))).toHaveProperty("code", "too_large");
});
