import type { Action, VariableValue } from "@steward/contracts/actions";
import { z } from "zod";

/** The shape that a variable's words have, read from its schema. */
export interface VariableShape {
  name: string;
  type: "text" | "choice" | "number" | "flag" | "list";
  /** Of a `choice`. */
  choices: string[];
  required: boolean;
}

/** The outcome of holding words or a value to a variable's schema. */
export type Reading = { ok: true; value: VariableValue } | { ok: false; message: string };

interface JsonSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

const shapes = new WeakMap<Action, readonly VariableShape[]>();

/** The shapes of an action's variables, in the order in which they are declared. Made once per action. */
export function variableShapes(action: Action): readonly VariableShape[] {
  const known = shapes.get(action) ?? shapesOf(action);
  shapes.set(action, known);
  return known;
}

function shapesOf(action: Action): VariableShape[] {
  const schema = z.toJSONSchema(action.variables, { io: "input", unrepresentable: "any" }) as JsonSchema;
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    type: typeOf(property),
    choices: (property.enum ?? []).map(String),
    required: schema.required?.includes(name) ?? false,
  }));
}

function typeOf(property: JsonSchema): VariableShape["type"] {
  if (property.enum !== undefined) return "choice";
  if (property.type === "array") return "list";
  if (property.type === "boolean") return "flag";
  if (property.type === "integer" || property.type === "number") return "number";
  return "text";
}

/** Holds a value to the schema of one variable. */
export function checkValue(action: Action, name: string, value: unknown): Reading {
  const field = action.variables.shape[name];
  if (field === undefined) return { ok: false, message: "is not a variable of this action" };
  if (hasTemplate(value)) return { ok: false, message: "must not contain template syntax" };
  const parsed = z.safeParse(field, value);
  if (parsed.success) return { ok: true, value: parsed.data as VariableValue };
  return { ok: false, message: parsed.error.issues[0]?.message ?? "is not valid" };
}

const howMany = /^(?:all|any|every|each|both|(?:any|every|no|some)(?:one|body|thing)|none)$/i;

/** True where words that say how many stand where one thing is named: nothing is called "everything". */
export function saysHowMany(shape: VariableShape, value: unknown): boolean {
  if (shape.type !== "text" && shape.type !== "list") return false;
  return Array.isArray(value)
    ? value.some((item) => saysHowMany(shape, item))
    : typeof value === "string" && howMany.test(value);
}
const nameOne = "must be the name of one thing";

/** Reads one item of text as the variable's value: as it is, else in lower case. */
export function readText(action: Action, shape: VariableShape, text: string): Reading {
  switch (shape.type) {
    case "choice": {
      // One letter has to be written exactly: `a` is an article, `A` a kind of record.
      const choice = shape.choices.find(
        (one) => one === text || (one.length > 1 && one.toLowerCase() === text.toLowerCase()),
      );
      return choice === undefined ? { ok: false, message: oneOf(shape) } : checkValue(action, shape.name, choice);
    }
    case "number":
      return /^-?\d{1,15}(?:\.\d+)?$/.test(text)
        ? checkValue(action, shape.name, Number(text))
        : { ok: false, message: "must be a number" };
    case "flag":
      if (/^(?:yes|y|true|on)$/i.test(text)) return { ok: true, value: true };
      return /^(?:no|n|false|off)$/i.test(text)
        ? { ok: true, value: false }
        : { ok: false, message: "must be yes or no" };
    case "list":
      return readList(action, shape, [text]);
    case "text": {
      if (saysHowMany(shape, text)) return { ok: false, message: nameOne };
      const exact = checkValue(action, shape.name, text);
      const lower =
        exact.ok || text === text.toLowerCase() ? exact : checkValue(action, shape.name, text.toLowerCase());
      return lower.ok ? lower : exact;
    }
  }
}

export function readList(action: Action, shape: VariableShape, items: string[]): Reading {
  if (saysHowMany(shape, items)) return { ok: false, message: nameOne };
  const exact = checkValue(action, shape.name, items);
  if (exact.ok) return exact;
  const lower = checkValue(
    action,
    shape.name,
    items.map((item) => item.toLowerCase()),
  );
  return lower.ok ? lower : exact;
}

function oneOf(shape: VariableShape): string {
  return `must be one of ${shape.choices.join(", ")}`;
}

/** True where any text in the value would mean something to a template engine. */
export function hasTemplate(value: unknown): boolean {
  if (typeof value === "string") return /\{\{|\}\}|\{%|%\}|\{#|#\}|\$\{|\$\(|`/.test(value);
  return Array.isArray(value) && value.some(hasTemplate);
}
