import type { FieldProblem } from "@steward/contracts/errors";
import { parseSecretReference } from "@steward/contracts/secret-reference";
import { type Field, isRecord, rangeText, type Shape } from "./field.ts";

/**
 * What somebody has typed so far: texts for what is typed, `undefined` where nothing was said. It becomes values only by
 * `readDraft`, which says at each field what is wrong with it.
 */
export type DraftValue = string | boolean | undefined | DraftValue[] | { [name: string]: DraftValue };
export type Draft = Record<string, DraftValue>;

/** A draft of values that are known already: a plan's, or a schema's defaults where there are none. */
export function draftOf(fields: readonly Field[], values: Record<string, unknown> = {}): Draft {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      drafted(field, Object.hasOwn(values, field.name) ? values[field.name] : field.default),
    ]),
  );
}

function drafted(shape: Shape, value: unknown): DraftValue {
  switch (shape.kind) {
    case "switch":
      return typeof value === "boolean" ? value : undefined;
    case "list":
      return Array.isArray(value) ? value.map((item) => drafted(shape.item, item)) : [];
    case "group":
      return draftOf(shape.fields, isRecord(value) ? value : {});
    case "json":
      return value === undefined ? undefined : JSON.stringify(value, null, 2);
    default:
      return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  }
}

export interface ReadDraft {
  values: Record<string, unknown>;
  problems: FieldProblem[];
}

/** The values that a draft means. What is empty and not needed is left out, so that the action decides it. */
export function readDraft(fields: readonly Field[], draft: Draft): ReadDraft {
  const values: Record<string, unknown> = {};
  const problems: FieldProblem[] = [];
  for (const field of fields) {
    const read = readValue(field, draft[field.name], field.name);
    problems.push(...read.problems);
    if (read.value !== undefined) values[field.name] = read.value;
    else if (field.required && read.problems.length === 0) problems.push({ path: field.name, message: missing(field) });
  }
  return { values, problems };
}

interface Read {
  value?: unknown;
  problems: FieldProblem[];
}

function readValue(shape: Shape, drafted: DraftValue, path: string): Read {
  const wrong = (message: string): Read => ({ problems: [{ path, message }] });
  const right = (value: unknown): Read => ({ value, problems: [] });
  switch (shape.kind) {
    case "switch":
      return right(typeof drafted === "boolean" ? drafted : undefined);
    case "list":
      return readList(shape, Array.isArray(drafted) ? drafted : [], path);
    case "group": {
      const { values, problems } = readDraft(shape.fields, isDraft(drafted) ? drafted : {});
      const inner = problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
      return Object.keys(values).length === 0 ? { problems: [] } : { value: values, problems: inner };
    }
    default: {
      const text = typeof drafted === "string" ? drafted.trim() : "";
      return text === "" ? right(undefined) : readText(shape, text, { wrong, right });
    }
  }
}

interface Verdict {
  wrong: (message: string) => Read;
  right: (value: unknown) => Read;
}

function readText(shape: Shape, text: string, { wrong, right }: Verdict): Read {
  switch (shape.kind) {
    case "number": {
      const number = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
      if (Number.isNaN(number)) return wrong("must be a number");
      if (shape.whole && !Number.isSafeInteger(number)) return wrong("must be a whole number");
      const { minimum = -Infinity, maximum = Infinity } = shape;
      return number < minimum || number > maximum ? wrong(`must be a number${rangeText(shape)}`) : right(number);
    }
    case "choice": {
      const option = shape.options.find((one) => String(one) === text);
      return option === undefined ? wrong(`must be one of ${shape.options.join(", ")}`) : right(option);
    }
    case "secret": {
      const reference = text.startsWith("secret:") ? text : `secret:${text}`;
      return parseSecretReference(reference) === undefined
        ? wrong("must be the name of a secret, such as wifi-key; the secret itself never stands here")
        : right(reference);
    }
    case "json":
      try {
        return right(JSON.parse(text));
      } catch {
        return wrong("must be JSON");
      }
    case "text": {
      if (shape.minLength !== undefined && text.length < shape.minLength)
        return wrong(`must have at least ${shape.minLength} characters`);
      if (shape.maxLength !== undefined && text.length > shape.maxLength)
        return wrong(`must have at most ${shape.maxLength} characters`);
      return shape.pattern !== undefined && !matches(shape.pattern, text)
        ? wrong(shape.rule ?? "does not have the form that this value needs")
        : right(text);
    }
    default:
      return right(undefined);
  }
}

function readList(shape: Extract<Shape, { kind: "list" }>, drafted: DraftValue[], path: string): Read {
  const problems: FieldProblem[] = [];
  const list: unknown[] = [];
  for (const [index, item] of drafted.entries()) {
    const read = readValue(shape.item, item, `${path}.${index}`);
    problems.push(...read.problems);
    if (read.value !== undefined) list.push(read.value);
  }
  if (problems.length > 0) return { problems };
  if (list.length === 0) return { problems: [] };
  if (shape.minItems !== undefined && list.length < shape.minItems)
    return { problems: [{ path, message: `needs at least ${shape.minItems}` }] };
  if (shape.maxItems !== undefined && list.length > shape.maxItems)
    return { problems: [{ path, message: `may have at most ${shape.maxItems}` }] };
  return { value: list, problems: [] };
}

function missing({ kind }: Shape): string {
  return kind === "switch" || kind === "choice" ? "must be chosen" : "is needed";
}

/** Patterns come from the API, which has read them already; one that this browser cannot read decides nothing here. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

/** Whether two drafts mean the same: what a plan says, and what somebody has made of it. */
export function sameDraft(one: DraftValue, other: DraftValue): boolean {
  return JSON.stringify(normal(one)) === JSON.stringify(normal(other));
}
function normal(value: DraftValue): unknown {
  if (typeof value === "string") return value.trim() === "" ? null : value.trim();
  if (Array.isArray(value)) return value.map(normal).filter((item) => item !== null);
  if (isDraft(value)) return Object.entries(value).map(([name, inner]) => [name, normal(inner)]);
  return value ?? null;
}
function isDraft(value: DraftValue): value is Draft {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
