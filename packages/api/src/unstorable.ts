import type { FieldProblem } from "@steward/contracts/errors";

/** An item of the table may nest 32 levels deep, and a body lies some levels down in it. */
const maxDepth = 20;
/** Values in one body: what each costs to look at is a multiple of the bytes that it takes to send. */
const maxValues = 20_000;
/** The smallest magnitude that DynamoDB keeps is 1E-130. */
const smallest = 1e-120;

/**
 * The first thing in a parsed JSON value that is JSON and yet can be neither stored nor hashed: half of a surrogate pair,
 * a number out of range, a nesting without end. Told here, where the caller can be told which field it is.
 */
export function findUnstorable(value: unknown): FieldProblem | undefined {
  return look(value, [], { values: 0 });
}

function look(value: unknown, path: readonly string[], seen: { values: number }): FieldProblem | undefined {
  const problem = (message: string): FieldProblem => ({ path: path.join(".").slice(0, 200).toWellFormed(), message });
  seen.values += 1;
  if (seen.values > maxValues) return { path: "", message: `has more than ${maxValues} values` };
  if (typeof value === "string") return value.isWellFormed() ? undefined : problem("is not valid Unicode");
  if (typeof value === "number") {
    const size = Math.abs(value);
    return size > Number.MAX_SAFE_INTEGER || (size !== 0 && size < smallest) ? problem("is out of range") : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (path.length >= maxDepth) return problem(`is nested more than ${maxDepth} levels deep`);
  for (const [key, field] of Object.entries(value)) {
    if (!key.isWellFormed()) return problem(`has a field ${JSON.stringify(key)}`);
    // A name that means something else wherever it is assigned. Bodies themselves have known fields only.
    if (key === "__proto__" && path.length > 0) return problem("has a field __proto__");
    const found = look(field, [...path, key], seen);
    if (found !== undefined) return found;
  }
  return undefined;
}
