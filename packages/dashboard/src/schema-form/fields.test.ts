import { secretMark } from "@steward/contracts/secret-reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOf, readDraft, sameDraft } from "./draft.ts";
import { fieldsOf, wordsOf } from "./field.ts";

const schema = {
  type: "object",
  properties: {
    username: { type: "string", pattern: "^[a-z]+$", "x-rule": "must be lower-case letters", description: "Who?" },
    groups: { type: "array", minItems: 1, maxItems: 2, items: { type: "string", pattern: "^[a-z]+$" } },
    port: { type: "integer", minimum: 1, maximum: 65_535 },
    factor: { type: "number", minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
    protocol: { type: "string", enum: ["tcp", "udp"] },
    keepHome: { type: "boolean" },
    wifiKey: { type: "string", pattern: "^secret:", [secretMark]: true },
    mode: { anyOf: [{ const: "a" }, { const: "b" }] },
    inner: { type: "object", properties: { size: { type: "integer" } }, required: ["size"] },
    rules: { type: "array", items: { type: "object", properties: { name: { type: "string" } }, required: ["name"] } },
    odd: { not: {} },
  },
  required: ["username"],
};
const fields = fieldsOf(schema);
const problemsOf = (draft: Parameters<typeof readDraft>[1]) =>
  readDraft(fields, { username: "john", ...draft }).problems.map(({ path, message }) => `${path}: ${message}`);

describe("a form from a schema", () => {
  it("has a field of the right kind for each property, in order", () => {
    expect(fields.map(({ name, kind, required }) => [name, kind, required])).toEqual([
      ["username", "text", true],
      ["groups", "list", false],
      ["port", "number", false],
      ["factor", "number", false],
      ["protocol", "choice", false],
      ["keepHome", "switch", false],
      ["wifiKey", "secret", false],
      ["mode", "choice", false],
      ["inner", "group", false],
      ["rules", "list", false],
      ["odd", "json", false],
    ]);
    expect(fields[0]).toMatchObject({ label: "Username", hint: "Who?", rule: "must be lower-case letters" });
    expect(fields.find(({ name }) => name === "factor")).not.toHaveProperty("minimum");
  });

  it("is empty for what is no object", () => {
    for (const none of [undefined, null, 3, [], {}, { properties: 4 }]) expect(fieldsOf(none)).toEqual([]);
  });

  it("names fields as people do", () => {
    expect(["keepHome", "sshKey", "quotaMb", "days", "TTL"].map(wordsOf)).toEqual([
      "Keep home",
      "SSH key",
      "Quota (MB)",
      "Days",
      "TTL",
    ]);
  });
});

describe("what was typed, as values", () => {
  it("leaves out what is empty", () => {
    expect(readDraft(fields, { username: " john ", port: " ", groups: ["", " "], inner: {} })).toEqual({
      values: { username: "john" },
      problems: [],
    });
  });

  it("says at each field what is wrong with it", () => {
    expect(problemsOf({ username: "" })).toEqual(["username: is needed"]);
    expect(problemsOf({ username: "John" })).toEqual(["username: must be lower-case letters"]);
    expect(problemsOf({ port: "0" })).toEqual(["port: must be a number from 1 to 65535"]);
    expect(problemsOf({ port: "1.5" })).toEqual(["port: must be a whole number"]);
    expect(problemsOf({ port: "1e3" })).toEqual(["port: must be a number"]);
    expect(problemsOf({ protocol: "icmp" })).toEqual(["protocol: must be one of tcp, udp"]);
    expect(problemsOf({ groups: ["a", "B"] })).toEqual(["groups.1: does not have the form that this value needs"]);
    expect(problemsOf({ groups: ["a", "b", "c"] })).toEqual(["groups: may have at most 2"]);
    expect(problemsOf({ odd: "{" })).toEqual(["odd: must be JSON"]);
    expect(problemsOf({ rules: [{ name: "" }, { name: "x" }] })).toEqual([]);
    expect(problemsOf({ wifiKey: "hunter2 hunter2" })).toHaveLength(1);
  });

  it("takes a secret by its name, and never asks for its value", () => {
    for (const typed of ["wifi-key", "secret:wifi-key"])
      expect(readDraft(fields, { username: "john", wifiKey: typed }).values["wifiKey"]).toBe("secret:wifi-key");
  });

  it("gives back the values that a plan had, whatever they are", () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    const values = fc.record(
      {
        username: word,
        groups: fc.array(word, { minLength: 1, maxLength: 2 }),
        port: fc.integer({ min: 1, max: 65_535 }),
        factor: fc.integer(),
        protocol: fc.constantFrom("tcp", "udp"),
        keepHome: fc.boolean(),
        inner: fc.record({ size: fc.integer() }),
        rules: fc.array(fc.record({ name: word }), { minLength: 1, maxLength: 3 }),
        odd: fc.record({ a: fc.integer() }),
      },
      { requiredKeys: ["username"] },
    );
    fc.assert(
      fc.property(values, (given) => {
        expect(readDraft(fields, draftOf(fields, given))).toEqual({ values: given, problems: [] });
        expect(sameDraft(draftOf(fields, given), draftOf(fields, given))).toBe(true);
      }),
    );
  });

  it("never throws, whatever stands in it", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...fields.map(({ name }) => name)), fc.anything()), (draft) => {
        readDraft(fields, draft as Parameters<typeof readDraft>[1]);
      }),
    );
  });
});
