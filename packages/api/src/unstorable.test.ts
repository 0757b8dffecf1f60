import { AppError } from "@steward/contracts/errors";
import fc from "fast-check";
import { expect, it } from "vitest";
import { parseJsonBody } from "./request-body.ts";
import { findUnstorable } from "./unstorable.ts";

const parse = (text: string) => parseJsonBody(new TextEncoder().encode(text), "application/json");

it.each([
  ['{"a":["x","\\ud800"]}', "a.1"],
  ['{"a":{"b":1e999}}', "a.b"],
  ['{"a":-9007199254740993}', "a"],
  ['{"a":1e-200}', "a"],
  ['{"a":{"__proto__":{}}}', "a"],
  ['{"a":{"\\udfff":1}}', "a"],
  [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, Array.from({ length: 20 }, () => "0").join(".")],
])("refuses %.40s and says where", (text, path) => {
  const refused = () => parse(text);
  expect(refused).toThrow(AppError);
  expect(refused).toThrowError(
    expect.objectContaining({ code: "invalid_request", fields: [{ path, message: expect.any(String) }] }),
  );
});

it("lets every other JSON value pass as it is", () => {
  const value = fc.jsonValue({ maxDepth: 10, stringUnit: "grapheme" }).filter((json) => {
    return !JSON.stringify(json).includes("__proto__");
  });
  fc.assert(
    fc.property(value, (json) => {
      const isInRange = !/\de[+-]\d{2}/.test(JSON.stringify(json));
      if (isInRange) expect(findUnstorable(json)).toBeUndefined();
    }),
  );
});
