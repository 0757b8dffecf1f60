import { AppError, type FieldProblem } from "@steward/contracts/errors";
import type { z } from "zod";

/** Where a value came from. Paths of body fields stand alone: `steps.0.variables`. */
export type Part = "params" | "query" | "body";

/** Problems that an answer names: a body of a hundred thousand wrong fields is not answered with as many sentences. */
const maxFields = 50;

/**
 * Holds what the caller sent to the route's schemas and reports every problem of every part at once.
 * `unknown_field` when nothing but unknown fields is wrong, else `invalid_request`.
 */
export function validate(
  parts: { part: Part; schema: z.ZodType | undefined; value: unknown }[],
): Partial<Record<Part, unknown>> {
  const parsed: Partial<Record<Part, unknown>> = {};
  const issues: z.core.$ZodIssue[] = [];
  for (const { part, schema, value } of parts) {
    if (schema === undefined) continue;
    const result = schema.safeParse(value);
    if (result.success) parsed[part] = result.data;
    else issues.push(...result.error.issues);
  }
  if (issues.length === 0) return parsed;

  const fields = issues.flatMap(fieldsOf);
  const first = fields[0];
  const onlyUnknown = issues.every((issue) => issue.code === "unrecognized_keys");
  const detail = first === undefined ? "the request is malformed" : `${first.path || "body"}: ${first.message}`;
  throw new AppError(
    onlyUnknown ? "unknown_field" : "invalid_request",
    fields.length > 1 ? `${detail} (and ${fields.length - 1} more)` : detail,
    {
      fields: fields.slice(0, maxFields),
      next: "Correct the fields that are named; /docs shows the shape of every request.",
    },
  );
}

/** As `validate`, for a body alone. */
export function validateBody<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  return validate([{ part: "body", schema, value }]).body as z.output<Schema>;
}

function fieldsOf(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: shorten([...path, key].join(".")), message: "is not a known field" }));
  }
  return [{ path: shorten(path.join(".")), message: issue.message }];
}

/** A path repeats what the caller sent (unknown keys), so it is bounded. */
function shorten(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
