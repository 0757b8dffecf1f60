import fc from "fast-check";
import { expect, test } from "vitest";
import { CliError } from "./exit-codes.ts";
import { parseValues } from "./values.ts";

const schema = {
  type: "object",
  properties: {
    username: { type: "string", pattern: "^[a-z]+$" },
    groups: { type: "array", items: { type: "string" } },
    keepHome: { type: "boolean" },
    days: { type: "integer", minimum: 1, maximum: 825 },
    protocol: { type: "string", enum: ["tcp", "udp"] },
  },
  required: ["username"],
  additionalProperties: false,
};
const parse = (...pairs: string[]) => parseValues("users.add", schema, pairs);
function problemsOf(...pairs: string[]): Record<string, string> {
  try {
    parse(...pairs);
  } catch (error) {
    if (error instanceof CliError)
      return Object.fromEntries((error.fields ?? []).map((one) => [one.path, one.message]));
    throw error;
  }
  return {};
}

test("values get the type that the action's schema names", () => {
  expect(parse("username=john", "groups=a, b", "groups=c", "keepHome=no", "days=30", "protocol=tcp")).toEqual({
    username: "john",
    groups: ["a", "b", "c"],
    keepHome: false,
    days: 30,
    protocol: "tcp",
  });
});

test("a text stays a text, whatever it looks like", () => {
  expect(parse("username=true")).toEqual({ username: "true" });
  expect(parse("username=a=b")).toEqual({ username: "a=b" });
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parse(`username=${text}`)).toEqual({ username: text });
    }),
  );
});

test("every problem is named by its variable, all at once", () => {
  expect(problemsOf("days=many", "keepHome=perhaps", "groups=a,,b", "protocol=icmp", "colour=red", "nonsense")).toEqual(
    {
      days: '"many" is not a number',
      keepHome: '"perhaps" is neither true nor false',
      groups: "has an empty item; separate items by one comma",
      protocol: "must be one of tcp, udp",
      colour: "is not a variable of users.add; there are: username, groups, keepHome, days, protocol",
      nonsense: "write it as name=value",
      username: "is missing (text)",
    },
  );
  expect(problemsOf("username=a", "username=b", "days=1.5")).toEqual({
    username: "is given twice",
    days: "1.5 is not a whole number",
  });
  expect(problemsOf("username=a", "days=0")).toEqual({ days: "must be at least 1" });
});
