import type { JsonSchema } from "../../support/json-schema.ts";

/** Where values come from: a tenant's own things, and its taint for everything else. */
export interface Source {
  /** What is known for a field of this name; undefined: nothing. It is used where it fits the schema. */
  known(field: string): unknown;
  /** An id with one of these prefixes. */
  id(prefixes: readonly string[]): string | undefined;
  /** Texts to try for a field that is nothing known, all with the tenant's taint. */
  texts(): Iterable<string>;
}

/** Which of an object's optional fields are filled. */
export type Optional = "all" | "none" | { only: string };

export class Unfillable extends Error {
  constructor(where: readonly string[], schema: JsonSchema) {
    super(
      `no value for ${where.join(".") || "it"}, whose schema is ${JSON.stringify(schema)}: ` +
        "say one in `known` of test/isolation/support/things.ts, or make such a thing there",
    );
  }
}

/** A valid value of the schema. `optional` is for its own fields; those further in are all filled. */
export function fill(
  schema: JsonSchema,
  source: Source,
  where: readonly string[] = [],
  optional: Optional = "all",
): unknown {
  const known = where.length === 0 ? undefined : source.known(where.findLast((part) => !/^\d+$/.test(part)) ?? "");
  if (known !== undefined && fits(schema, known)) return known;
  if ("const" in schema) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? schema.allOf ?? [];
  if (choice !== undefined) return fill(choice, source, where, optional);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case "object":
      return object(schema, source, where, optional);
    case "array":
      if (schema.prefixItems !== undefined) {
        return schema.prefixItems.map((item, at) => fill(item, source, [...where, String(at)]));
      }
      return schema.items === undefined || schema.items === false ? [] : [fill(schema.items, source, [...where, "0"])];
    case "string":
      return text(schema, source, where);
    case "integer":
      return Math.max(schema.minimum ?? 0, Math.floor(schema.exclusiveMinimum ?? -1) + 1, 0);
    case "number":
      return Math.max(schema.minimum ?? 0, (schema.exclusiveMinimum ?? -1) + 1, 0);
    case "boolean":
      return false;
    case "null":
      return null;
    case undefined: {
      // Anything goes.
      const [any] = source.texts();
      return any;
    }
    default:
      throw new Unfillable(where, schema);
  }
}

function object(
  schema: JsonSchema,
  source: Source,
  where: readonly string[],
  optional: Optional,
): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const wanted =
      schema.required?.includes(name) === true ||
      optional === "all" ||
      (typeof optional === "object" && optional.only === name);
    if (wanted) filled[name] = fill(property, source, [...where, name]);
  }
  if (schema.properties === undefined && typeof schema.additionalProperties === "object") {
    const name = schema.propertyNames === undefined ? "name" : fill(schema.propertyNames, source, [...where, "name"]);
    filled[String(name)] = fill(schema.additionalProperties, source, [...where, "value"]);
  }
  return filled;
}

/** The prefixes of a pattern that is one of an id: `^(apl|wrk)_[…`. */
export function prefixesIn(pattern: string | undefined): string[] {
  return /^\^\(?([a-z]{3}(?:\|[a-z]{3})*)\)?_/.exec(pattern ?? "")?.[1]?.split("|") ?? [];
}

function text(schema: JsonSchema, source: Source, where: readonly string[]): string {
  const prefixes = prefixesIn(schema.pattern);
  if (prefixes.length > 0) {
    const id = source.id(prefixes);
    if (id !== undefined && fits(schema, id)) return id;
    throw new Unfillable(where, schema);
  }
  for (const candidate of source.texts()) {
    const long = schema.minLength === undefined ? candidate : candidate.padEnd(schema.minLength, "x");
    if (fits(schema, long)) return long;
  }
  throw new Unfillable(where, schema);
}

const formats: Record<string, RegExp> = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  date: /^\d{4}-\d\d-\d\d$/,
  email: /^[^@\s]+@[^@\s]+\.[^@\s]+$/,
  uri: /^https?:\/\/\S+$/,
  base64: /^[A-Za-z0-9+/]+=*$/,
  base64url: /^[\w-]+$/,
};

/** Whether a known value can stand where the schema is: two fields of one name are not the same everywhere. */
function fits(schema: JsonSchema, value: unknown): boolean {
  if (schema.anyOf !== undefined || schema.oneOf !== undefined) {
    return [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].some((one) => fits(one, value));
  }
  if ("const" in schema) return schema.const === value;
  if (schema.enum !== undefined) return schema.enum.includes(value);
  const types = Array.isArray(schema.type) ? schema.type : schema.type === undefined ? undefined : [schema.type];
  if (types !== undefined && !types.some((type) => isOfType(type, value))) return false;
  if (typeof value === "number") return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
  if (Array.isArray(value)) {
    const { items, prefixItems } = schema;
    if (items === false) return value.length === prefixItems?.length;
    return value.every((one) => items === undefined || fits(items, one));
  }
  if (typeof value === "object" && value !== null) return hasFields(schema, value);
  if (typeof value !== "string") return true;
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  if (value.length < minLength || value.length > maxLength) return false;
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) return false;
  return format === undefined || (formats[format] ?? /(?:)/).test(value);
}

function hasFields({ properties, required = [], additionalProperties }: JsonSchema, value: object): boolean {
  return (
    required.every((name) => name in value) &&
    Object.entries(value).every(([name, inner]) => {
      const property = properties?.[name];
      if (property !== undefined) return fits(property, inner);
      return typeof additionalProperties === "object"
        ? fits(additionalProperties, inner)
        : additionalProperties !== false;
    })
  );
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    default:
      return typeof value === type;
  }
}
