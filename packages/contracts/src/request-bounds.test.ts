import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defaults } from "./defaults.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes.ts";

/*
 * Everything that a caller may send has an end that its schema knows: texts, lists, numbers, and fields that the caller
 * names. Walked over the JSON Schemas of all routes, so that a new route is held to it without anybody thinking of it.
 */

type Schema = Record<string, unknown>;

/** What has no bound of its own, and why it needs none. A new line is a thing to think about in a review. */
const unbounded: Readonly<Record<string, string>> = {
  "recordRun body.steps[].result: anything":
    "what a read action found, in the shape that its own manifest gives; within the body's size, depth and count",
};

/** `path: what is missing` of everything in a schema that has no end. */
function endless(schema: Schema, path: string): string[] {
  const found: string[] = [];
  const check = (bounded: boolean, what: string) => {
    if (!bounded) found.push(`${path}: ${what}`);
  };
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    for (const part of (schema[key] as Schema[] | undefined) ?? []) found.push(...endless(part, path));
  }
  if (schema["enum"] !== undefined || schema["const"] !== undefined) return found;
  switch (schema["type"]) {
    case "string":
      check(schema["maxLength"] !== undefined || isBounded(schema["pattern"]), "a text without a longest");
      break;
    case "array":
      check(schema["maxItems"] !== undefined || schema["prefixItems"] !== undefined, "a list without a longest");
      for (const part of (schema["prefixItems"] as Schema[] | undefined) ?? [])
        found.push(...endless(part, `${path}[]`));
      if (isSchema(schema["items"])) found.push(...endless(schema["items"], `${path}[]`));
      break;
    case "integer":
    case "number":
      check(
        (schema["minimum"] ?? schema["exclusiveMinimum"]) !== undefined &&
          (schema["maximum"] ?? schema["exclusiveMaximum"]) !== undefined,
        "a number without bounds",
      );
      break;
    case "object":
      for (const [name, part] of Object.entries((schema["properties"] as Record<string, Schema> | undefined) ?? {})) {
        found.push(...endless(part, `${path}.${name}`));
      }
      if (isSchema(schema["additionalProperties"])) {
        check(schema["maxProperties"] !== undefined, "fields without number");
        found.push(...endless(schema["additionalProperties"], `${path}.*`));
      } else check(schema["additionalProperties"] === false, "unknown fields");
      break;
    case "boolean":
    case "null":
      break;
    default:
      check(
        schema["anyOf"] !== undefined || schema["oneOf"] !== undefined || schema["allOf"] !== undefined,
        "anything",
      );
  }
  return found;
}

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null;

/** A pattern from start to end, with no part that may repeat without end. */
function isBounded(pattern: unknown): boolean {
  if (typeof pattern !== "string" || !pattern.startsWith("^") || !pattern.endsWith("$")) return false;
  const bare = pattern.replace(/\\./g, "x").replace(/\[[^\]]*\]/g, "x");
  return !/[*+]|\{\d+,\}/.test(bare);
}

const parts = Object.values(routes as Record<string, Route>).flatMap((route) =>
  (["params", "query", "body"] as const).flatMap((part) => {
    const schema = route[part];
    return schema === undefined ? [] : [{ name: `${route.id} ${part}`, schema }];
  }),
);

describe("what a route takes has an end", () => {
  test.each(parts)("$name", ({ name, schema }) => {
    const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    expect(endless(json, name).filter((one) => unbounded[one] === undefined)).toEqual([]);
  });

  test("no list gives more than 200 at once, and what is excused is there", () => {
    for (const { name, schema } of parts) {
      const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as { properties?: Schema };
      const limit = json.properties?.["limit"] as { maximum?: number } | undefined;
      if (name.endsWith("query") && limit !== undefined)
        expect(limit.maximum).toBeLessThanOrEqual(defaults.maxListLimit);
    }
    const all = parts.flatMap(({ name, schema }) =>
      endless(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }), name),
    );
    expect(Object.keys(unbounded).filter((one) => !all.includes(one))).toEqual([]);
  });

  test("the walk sees what has no end", () => {
    const open = z.strictObject({
      text: z.string(),
      list: z.array(z.string().max(3)),
      number: z.number(),
      named: z.record(z.string(), z.boolean()),
      loose: z.looseObject({}),
      any: z.unknown(),
      pattern: z.string().regex(/^a+$/),
      fine: z.strictObject({
        a: z.string().max(1),
        b: z.array(z.boolean()).max(2),
        c: z.int().min(0),
        d: z.enum(["x"]),
      }),
    });
    expect(endless(z.toJSONSchema(open, { unrepresentable: "any" }), "x").map((one) => one.split(":")[0])).toEqual([
      "x.text",
      "x.list",
      "x.number",
      "x.named",
      "x.loose",
      "x.loose.*",
      "x.any",
      "x.pattern",
    ]);
  });
});
