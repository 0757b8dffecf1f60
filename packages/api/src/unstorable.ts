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
  return look(value, undefined, { values: 0 });
}

/** Where a value stands: made of each one, and only read of one that is refused. */
interface Place {
  key: string;
  above: Place | undefined;
  depth: number;
}

function look(value: unknown, place: Place | undefined, seen: { values: number }): FieldProblem | undefined {
  seen.values += 1;
  if (seen.values > maxValues) return { path: "", message: `has more than ${maxValues} values` };
  if (typeof value === "string") return value.isWellFormed() ? undefined : problem(place, "is not valid Unicode");
  if (typeof value === "number") {
    const size = Math.abs(value);
    const isOut = size > Number.MAX_SAFE_INTEGER || (size !== 0 && size < smallest);
    return isOut ? problem(place, "is out of range") : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const depth = place?.depth ?? 0;
  if (depth >= maxDepth) return problem(place, `is nested more than ${maxDepth} levels deep`);
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) return problem(place, `has a field ${JSON.stringify(key)}`);
    // A name that means something else wherever it is assigned. Bodies themselves have known fields only.
    if (key === "__proto__" && depth > 0) return problem(place, "has a field __proto__");
    const found = look((value as Record<string, unknown>)[key], { key, above: place, depth: depth + 1 }, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function problem(place: Place | undefined, message: string): FieldProblem {
  const keys: string[] = [];
  for (let at = place; at !== undefined; at = at.above) keys.unshift(at.key);
  return { path: keys.join(".").slice(0, 200).toWellFormed(), message };
}
