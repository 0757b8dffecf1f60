import fc from "fast-check";
import { z } from "zod";
import type { JsonSchema } from "./json-schema.ts";

/**
 * Values of a request's shape, made from its zod schema and from nothing else: a new field is fuzzed from its first day.
 * Most are valid; what JSON Schema cannot say (refinements) is for the schema itself to judge. `words`: texts that mean
 * something where they are sent, tried in any place for a text.
 */
export function arbitraryOf(
  schema: z.ZodType,
  { words = [] }: { words?: readonly string[] } = {},
): fc.Arbitrary<unknown> {
  return arbitrary(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema, words);
}

function arbitrary(schema: JsonSchema, words: readonly string[]): fc.Arbitrary<unknown> {
  const of = (part: JsonSchema) => arbitrary(part, words);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return fc.oneof(...choices.map(of));
  if (schema.allOf !== undefined) return of(Object.assign({}, ...schema.allOf) as JsonSchema);
  switch (schema.type) {
    case "string":
      return text(schema, words);
    case "integer":
      return fc.integer({
        min: schema.minimum ?? Number.MIN_SAFE_INTEGER,
        max: schema.maximum ?? Number.MAX_SAFE_INTEGER,
      });
    case "number":
      return number(schema);
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case "array": {
      const { minItems = 0, maxItems = 100, prefixItems } = schema;
      if (prefixItems !== undefined) return fc.tuple(...prefixItems.map((one) => of(one)));
      const item = of(schema.items || {});
      // One or two, as people send them; and as many as there may be.
      const few = fc.array(item, { minLength: minItems, maxLength: Math.min(maxItems, Math.max(1, minItems + 1)) });
      return fc.oneof({ weight: 2, arbitrary: few }, fc.array(item, { minLength: minItems, maxLength: maxItems }));
    }
    case "object":
      return object(schema, words);
    case undefined:
      return fc.jsonValue({ maxDepth: 3 });
    default:
      // A kind that nobody has thought of is not passed by in silence.
      throw new Error(`no arbitrary for ${JSON.stringify(schema)}`);
  }
}

/** Numbers as machines measure them, and now and then any that there are. */
function number(schema: JsonSchema): fc.Arbitrary<unknown> {
  const min = schema.minimum ?? schema.exclusiveMinimum ?? Number.MIN_SAFE_INTEGER;
  const max = schema.maximum ?? schema.exclusiveMaximum ?? Number.MAX_SAFE_INTEGER;
  const any = fc.double({ noNaN: true, min, max });
  const rounded = any.map((value) => Math.min(max, Math.max(min, Math.round(value * 1_000) / 1_000)));
  return fc.oneof({ weight: 40, arbitrary: rounded }, any);
}

function text(schema: JsonSchema, words: readonly string[]): fc.Arbitrary<unknown> {
  const { minLength = 0, maxLength = 200 } = schema;
  const short = { minLength, maxLength: Math.max(minLength, Math.min(maxLength, 24)) };
  const free = fc.oneof(
    { weight: 20, arbitrary: fc.string(short) },
    {
      weight: 5,
      arbitrary: fc.string({ minLength, maxLength: Math.max(minLength, short.maxLength / 8), unit: "grapheme" }),
    },
    // Exactly as long as it may be.
    { weight: 2, arbitrary: fc.constantFrom("x", "é", " a").map((unit) => unit.repeat(maxLength).slice(0, maxLength)) },
    // Any code unit, also half of a pair. The unit `binary` of the library itself takes seconds to be set up.
    fc.uint16Array(short).map((units) => String.fromCharCode(...units)),
  );
  const fitting = pattern(schema) ?? free;
  const form = schema.pattern === undefined ? undefined : new RegExp(schema.pattern);
  const known = words.filter((word) => word.length <= maxLength && form?.test(word) !== false);
  return known.length === 0 ? fitting : fc.oneof({ weight: 2, arbitrary: fitting }, fc.constantFrom(...known));
}

function pattern(schema: JsonSchema): fc.Arbitrary<string> | undefined {
  if (schema.pattern === undefined) return undefined;
  try {
    const found = fc.stringMatching(new RegExp(schema.pattern));
    fc.sample(found, 1);
    return found;
  } catch {
    // It looks ahead, which cannot be turned round: such a text is seldom valid, and that is a case as well.
    return undefined;
  }
}

function object(schema: JsonSchema, words: readonly string[]): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const known = fc.record(
    Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, arbitrary(part, words)])),
    { requiredKeys: required, noNullPrototype: true },
  );
  if (typeof additionalProperties !== "object") return known;
  const names = text(schema.propertyNames ?? { type: "string" }, words) as fc.Arbitrary<string>;
  const others = fc.dictionary(names, arbitrary(additionalProperties, words), { maxKeys: 4, noNullPrototype: true });
  return fc.tuple(known, others).map(([fixed, further]) => ({ ...further, ...(fixed as object) }));
}
