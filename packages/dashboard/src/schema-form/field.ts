import { choicesKey, ruleKey } from "@steward/contracts/action-forms";
import { secretMark } from "@steward/contracts/secret-reference";

/**
 * As much of JSON Schema as forms are made from. Whatever a schema says beyond that is still held to by the API: what a
 * form cannot draw it takes as JSON, and never leaves out.
 */
export type Field = {
  name: string;
  label: string;
  required: boolean;
  hint?: string;
  default?: unknown;
  /** Which facts of an appliance hold what may be meant: `users`, `shares`. */
  choicesFrom?: string;
} & Shape;

export type Shape =
  | {
      kind: "text";
      pattern?: string;
      /** What the pattern wants, in words: "must be a person's account: …". */
      rule?: string;
      minLength?: number;
      maxLength?: number;
      format?: string;
      /** Long enough that one line would hide most of it. */
      long: boolean;
    }
  | { kind: "secret"; pattern?: string }
  | { kind: "number"; whole: boolean; minimum?: number; maximum?: number }
  | { kind: "choice"; options: readonly (string | number)[] }
  | { kind: "switch" }
  | { kind: "list"; item: Shape; minItems?: number; maxItems?: number }
  | { kind: "group"; fields: readonly Field[] }
  | { kind: "json" };

/** The fields of an object's schema, in its order. Nothing where it is no object. */
export function fieldsOf(schema: unknown): Field[] {
  if (!isRecord(schema) || !isRecord(schema["properties"])) return [];
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(schema["properties"]).map(([name, property]) => {
    const said = isRecord(property) ? property : {};
    const hint = typeof said["description"] === "string" ? said["description"] : undefined;
    const title = typeof said["title"] === "string" ? said["title"] : undefined;
    return {
      name,
      label: title ?? wordsOf(name),
      required: required.includes(name),
      ...(hint === undefined ? {} : { hint }),
      ...("default" in said ? { default: said["default"] } : {}),
      ...choicesOf(said),
      ...shapeOf(said),
    };
  });
}

function shapeOf(schema: Record<string, unknown>): Shape {
  if (secretMark in schema) return { kind: "secret", ...textOf(schema, "pattern") };
  const options = optionsOf(schema);
  if (options !== undefined) return { kind: "choice", options };
  switch (schema["type"]) {
    case "string": {
      const maxLength = numberOf(schema, "maxLength");
      return {
        kind: "text",
        ...textOf(schema, "pattern"),
        ...textOf(schema, "format"),
        ...(typeof schema[ruleKey] === "string" ? { rule: schema[ruleKey] } : {}),
        ...maxLength,
        ...numberOf(schema, "minLength"),
        long: (maxLength.maxLength ?? 0) > 400,
      };
    }
    case "integer":
    case "number":
      return {
        kind: "number",
        whole: schema["type"] === "integer",
        ...bound(schema, "minimum"),
        ...bound(schema, "maximum"),
      };
    case "boolean":
      return { kind: "switch" };
    case "array":
      return isRecord(schema["items"])
        ? {
            kind: "list",
            item: shapeOf(schema["items"]),
            ...numberOf(schema, "minItems"),
            ...numberOf(schema, "maxItems"),
          }
        : { kind: "json" };
    case "object":
      return isRecord(schema["properties"]) ? { kind: "group", fields: fieldsOf(schema) } : { kind: "json" };
    default:
      return { kind: "json" };
  }
}

/** An `enum`, a `const`, or a choice among several of them. */
function optionsOf(schema: Record<string, unknown>): (string | number)[] | undefined {
  const all = Array.isArray(schema["enum"])
    ? schema["enum"]
    : "const" in schema
      ? [schema["const"]]
      : Array.isArray(schema["anyOf"])
        ? schema["anyOf"].map((one) => (isRecord(one) && "const" in one ? one["const"] : undefined))
        : [];
  const known = all.filter((one) => typeof one === "string" || typeof one === "number");
  return known.length > 0 && known.length === all.length ? known : undefined;
}

/** `keepHome` → `Keep home`, `quotaMb` → `Quota (MB)`, `sshKey` → `SSH key`. */
export function wordsOf(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase()
    .split(" ")
    .filter((word) => word !== "");
  const unit = units[words.at(-1) ?? ""];
  const shown = (unit === undefined || words.length < 2 ? words : words.slice(0, -1)).map(
    (word) => names[word] ?? word,
  );
  const text = shown.join(" ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${unit === undefined || words.length < 2 ? "" : ` (${unit})`}`;
}
const units: Record<string, string> = { mb: "MB", gb: "GB", ms: "ms", seconds: "seconds", days: "days", percent: "%" };
const names: Record<string, string> = { ssh: "SSH", dns: "DNS", id: "ID", url: "URL", ttl: "TTL", ip: "IP", ca: "CA" };

/** What may be given, in a few words, beside what the schema says of it. */
export function describe(shape: Shape): string {
  switch (shape.kind) {
    case "choice":
      return `one of ${shape.options.join(", ")}`;
    case "switch":
      return "yes or no";
    case "number":
      return `${shape.whole ? "whole number" : "number"}${rangeText(shape)}`;
    case "list":
      return `list: ${describe(shape.item)}`;
    case "secret":
      return "the name of a secret of yours";
    case "group":
      return "several values";
    case "json":
      return "JSON";
    case "text":
      return shape.maxLength === undefined ? "text" : `text, up to ${shape.maxLength} characters`;
  }
}

export function rangeText({ minimum, maximum }: { minimum?: number; maximum?: number }): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? "" : ` up to ${maximum}`;
}

function choicesOf(schema: Record<string, unknown>): { choicesFrom?: string } {
  const from = schema[choicesKey];
  return typeof from === "string" ? { choicesFrom: from } : {};
}
function textOf<Key extends string>(schema: Record<string, unknown>, key: Key): { [K in Key]?: string } {
  const value = schema[key];
  return typeof value === "string" ? ({ [key]: value } as { [K in Key]?: string }) : {};
}
function numberOf<Key extends string>(schema: Record<string, unknown>, key: Key): { [K in Key]?: number } {
  const value = schema[key];
  return typeof value === "number" ? ({ [key]: value } as { [K in Key]?: number }) : {};
}
/** zod writes "any safe integer" as bounds of their own: nobody needs to read those. */
function bound<Key extends "minimum" | "maximum">(schema: Record<string, unknown>, key: Key): { [K in Key]?: number } {
  const value = schema[key];
  return typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER
    ? ({ [key]: value } as { [K in Key]?: number })
    : {};
}
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
