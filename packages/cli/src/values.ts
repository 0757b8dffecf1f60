import type { VariableValue, Variables } from "@steward/contracts/actions";
import type { FieldProblem } from "@steward/contracts/errors";
import { z } from "zod";
import { CliError, exitCodes } from "./exit-codes.ts";

/** As much of JSON Schema as an action's variables use. The API holds the values to all of it. */
const propertySchema = z.looseObject({
  type: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  items: z.looseObject({ type: z.string().optional(), enum: z.array(z.unknown()).optional() }).optional(),
});
export type Property = z.infer<typeof propertySchema>;
const objectSchema = z.looseObject({
  properties: z.record(z.string(), propertySchema).default({}),
  required: z.array(z.string()).default([]),
});

/** The variables of an action: name, schema, whether it must be given. */
export function variablesOf(schema: unknown): { name: string; property: Property; required: boolean }[] {
  const { properties, required } = objectSchema.parse(schema);
  return Object.entries(properties).map(([name, property]) => ({ name, property, required: required.includes(name) }));
}

/** `text`, `one of a, b`, `list`, `whole number 1 to 10`: what a person may give. */
export function describeProperty(property: Property): string {
  if (property.enum) return `one of ${property.enum.join(", ")}`;
  const range =
    property.minimum !== undefined && property.maximum !== undefined && property.maximum < Number.MAX_SAFE_INTEGER
      ? ` ${property.minimum} to ${property.maximum}`
      : "";
  switch (property.type) {
    case "array":
      return property.items?.enum ? `list of ${property.items.enum.join(", ")}` : "list, by comma";
    case "boolean":
      return "true or false";
    case "integer":
      return `whole number${range}`;
    case "number":
      return `number${range}`;
    default:
      return "text";
  }
}

/**
 * `["username=john", "groups=a,b"]` as typed values. Every problem is reported at once, by the variable's name; a
 * name twice is a list where the variable is one, else a problem.
 */
export function parseValues(action: string, schema: unknown, pairs: readonly string[]): Variables {
  const known = variablesOf(schema);
  const problems: FieldProblem[] = [];
  const values: Variables = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) {
      problems.push({ path: pair, message: "write it as name=value" });
      continue;
    }
    const name = pair.slice(0, at);
    const property = known.find((variable) => variable.name === name)?.property;
    if (property === undefined) {
      const names = known.map((variable) => variable.name).join(", ");
      problems.push({
        path: name,
        message: `is not a variable of ${action}${names === "" ? ", which has none" : `; there are: ${names}`}`,
      });
      continue;
    }
    const parsed = parseValue(property, pair.slice(at + 1));
    const before = values[name];
    if ("problem" in parsed) problems.push({ path: name, message: parsed.problem });
    else if (before === undefined) values[name] = parsed.value;
    else if (Array.isArray(before) && Array.isArray(parsed.value)) values[name] = [...before, ...parsed.value];
    else problems.push({ path: name, message: "is given twice" });
  }
  for (const { name, property, required } of known) {
    const mentioned = name in values || problems.some((problem) => problem.path === name);
    if (required && !mentioned) problems.push({ path: name, message: `is missing (${describeProperty(property)})` });
  }
  if (problems.length > 0) {
    throw new CliError(exitCodes.usage, `${action} cannot run with these values`, {
      fields: problems,
      next: `See what it takes: steward actions show ${action}`,
    });
  }
  return values;
}

function parseValue(property: Property, text: string): { value: VariableValue } | { problem: string } {
  switch (property.type) {
    case "array": {
      const list = text === "" ? [] : text.split(",").map((item) => item.trim());
      if (list.includes("")) return { problem: "has an empty item; separate items by one comma" };
      const allowed = property.items?.enum;
      const wrong = allowed ? list.find((item) => !allowed.includes(item)) : undefined;
      if (wrong !== undefined) return { problem: `${JSON.stringify(wrong)} is not one of ${allowed?.join(", ")}` };
      return { value: list };
    }
    case "boolean": {
      if (/^(true|yes|on|1)$/i.test(text)) return { value: true };
      if (/^(false|no|off|0)$/i.test(text)) return { value: false };
      return { problem: `${JSON.stringify(text)} is neither true nor false` };
    }
    case "integer":
    case "number": {
      const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
      if (Number.isNaN(number)) return { problem: `${JSON.stringify(text)} is not a number` };
      if (property.type === "integer" && !Number.isSafeInteger(number))
        return { problem: `${text} is not a whole number` };
      if (property.minimum !== undefined && number < property.minimum)
        return { problem: `must be at least ${property.minimum}` };
      if (property.maximum !== undefined && number > property.maximum)
        return { problem: `must be at most ${property.maximum}` };
      if (property.enum && !property.enum.includes(number))
        return { problem: `must be one of ${property.enum.join(", ")}` };
      return { value: number };
    }
    default: {
      if (property.enum && !property.enum.includes(text))
        return { problem: `must be one of ${property.enum.join(", ")}` };
      return { value: text };
    }
  }
}
