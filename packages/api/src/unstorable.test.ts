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
  [`[${"1,".repeat(20_000)}1]`, ""],
  [`{"a":[${'{"b":[[],0]},'.repeat(5_000)}0]}`, ""],
  [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, Array.from({ length: 20 }, () => "0").join(".")],
])("refuses %.40s and says where", (text, path) => {
  const refused = () => parse(text);
  expect(refused).toThrow(AppError);
  expect(refused).toThrowError(
    expect.objectContaining({ code: "invalid_request", fields: [{ path, message: expect.any(String) }] }),
  );
});

it("lets every other JSON value pass as it is", () => {
  const leaf = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.maxSafeInteger(),
    fc.double({ min: -1e15, max: 1e15, noNaN: true }).map((value) => Math.round(value * 1000) / 1000),
    fc.boolean(),
    fc.constant(null),
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { maxDepth: 10 },
      leaf,
      fc.array(tie("json"), { maxLength: 5 }),
      fc.dictionary(
        fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
        tie("json"),
        { maxKeys: 5 },
      ),
    ),
  }));
  fc.assert(fc.property(json, (value) => findUnstorable(value) === undefined));
});
