import { canonicalHash } from "@steward/contracts/canonical";
import type { FieldProblem } from "@steward/contracts/errors";
import {
  type CreateSchedule,
  createScheduleSchema,
  type ScheduleDefinition,
  type ScheduleView,
} from "@steward/contracts/schedule";
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { CliError, exitCodes } from "./exit-codes.ts";

/** `schedules.yaml`: all of a tenant's schedules, or some of them. */
export const scheduleFileSchema = z.strictObject({
  version: z.literal(1),
  schedules: z.array(createScheduleSchema).max(500),
});

export interface ScheduleFile {
  schedules: CreateSchedule[];
  /** `schedules.yaml:12:5` of a place in the file: what the API says about a field is said about its line. */
  placeOf: (path: readonly (string | number)[]) => string;
}

/**
 * Reads a file. Every problem is told at once, each with its line.
 * @throws CliError
 */
export function parseScheduleFile(text: string, name: string): ScheduleFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw invalid(
      name,
      document.errors.map(({ pos, message }) => ({ path: at(pos[0]), message: message.split("\n")[0] ?? message })),
    );
  }
  const placeOf = (path: readonly (string | number)[]) => at(offsetOf(document, path));
  const parsed = scheduleFileSchema.safeParse(valueOf(document, name, at));
  if (!parsed.success) {
    throw invalid(
      name,
      parsed.error.issues.flatMap((issue) => problemsOf(issue, placeOf)),
    );
  }
  const { schedules } = parsed.data;
  const twice = schedules.flatMap(({ name: own }, index) =>
    schedules.findIndex((other) => other.name === own) < index
      ? [{ path: placeOf(["schedules", index, "name"]), message: `there is a schedule ${own} above` }]
      : [],
  );
  if (twice.length > 0) throw invalid(name, twice);
  return { schedules, placeOf };
}

/** An alias of nothing, or of far too much, shows only now. */
function valueOf(document: Document, name: string, at: (offset: number) => string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(name, [{ path: at(0), message: error instanceof Error ? error.message : String(error) }]);
  }
}

function problemsOf(
  issue: z.core.$ZodIssue,
  placeOf: ScheduleFile["placeOf"],
  base: readonly (string | number)[] = [],
): FieldProblem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  const shown = (parts: readonly (string | number)[]) => parts.filter((part) => part !== "schedules").join(".");
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: placeOf([...path, key]),
        message: `${shown([...path, key])} is not known`,
      }));
    case "invalid_union": {
      // Of the readings that were possible, the one that came furthest says what is wrong.
      const nearest = [...issue.errors].sort((a, b) => depthOf(b) - depthOf(a) || a.length - b.length)[0] ?? [];
      if (nearest.length > 0) return nearest.flatMap((inner) => problemsOf(inner, placeOf, path));
      break;
    }
    default:
  }
  return [{ path: placeOf(path), message: `${shown(path)}: ${issue.message}` }];
}

/** A reading in which only values are wrong came further than one that misses or does not know a field. */
function depthOf(issues: readonly z.core.$ZodIssue[]): number {
  const unknown = issues.filter(({ code }) => code === "unrecognized_keys").length;
  const missing = issues.filter(({ code, message }) => code === "invalid_type" && /undefined/.test(message)).length;
  return -(unknown + missing);
}

/** Where something is; of something that is missing, where it would be. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const here = path.slice(0, length);
    const parent = document.getIn(here.slice(0, -1), true);
    const last = here.at(-1);
    // The key and not its value: there one looks.
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && isNode(item.key) && String(item.key) === String(last))
      : undefined;
    const node = pair !== undefined && isNode(pair.key) ? pair.key : document.getIn(here, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function invalid(name: string, fields: FieldProblem[]): CliError {
  return new CliError(exitCodes.usage, `${name} is not a file of schedules`, {
    fields,
    next: "See its format: steward schedule format",
  });
}

export type ScheduleChange =
  | { kind: "create"; name: string; definition: ScheduleDefinition }
  | {
      kind: "update";
      name: string;
      id: string;
      definition: ScheduleDefinition;
      fields: { path: string; before: unknown; after: unknown }[];
      voidsApproval: boolean;
    }
  | { kind: "delete"; name: string; id: string }
  | { kind: "same"; name: string; id: string };

/** What has to happen so that there is what the file says. Without `prune`, what it does not name stays. */
export function planChanges(
  wanted: readonly CreateSchedule[],
  present: readonly ScheduleView[],
  { prune }: { prune: boolean },
): ScheduleChange[] {
  const byName = new Map(present.map((one) => [one.name, one]));
  const changes = wanted.map(({ name, ...definition }): ScheduleChange => {
    const before = byName.get(name);
    if (before === undefined) return { kind: "create", name, definition };
    const { id } = before;
    if (canonicalHash(before.definition) === canonicalHash(definition)) return { kind: "same", name, id };
    const voidsApproval = before.standing !== undefined;
    return { kind: "update", name, id, definition, fields: differences(before.definition, definition), voidsApproval };
  });
  const names = new Set(wanted.map(({ name }) => name));
  const left = prune ? present.filter(({ name }) => !names.has(name)) : [];
  return [...changes, ...left.map(({ name, id }): ScheduleChange => ({ kind: "delete", name, id }))];
}

function differences(before: object, after: object): { path: string; before: unknown; after: unknown }[] {
  const [old, fresh] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((path) => JSON.stringify(old.get(path)) !== JSON.stringify(fresh.get(path)))
    .map((path) => ({ path, before: old.get(path), after: fresh.get(path) }));
}
