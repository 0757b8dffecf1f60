import { isRecord } from "../schema-form/field.ts";

/** A result as names and values, where it is an object whose values are short; else it is shown as it stands. */
export function factsOf(result: unknown): [name: string, value: string][] | undefined {
  if (!isRecord(result)) return undefined;
  const facts: [string, string][] = [];
  for (const [name, value] of Object.entries(result)) {
    const text = short(value);
    if (text === undefined) return undefined;
    facts.push([name, text]);
  }
  return facts;
}

function short(value: unknown): string | undefined {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value.includes("\n") || value.length > 500 ? undefined : value;
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item: unknown) =>
    typeof item === "string" || typeof item === "number" ? String(item) : undefined,
  );
  return items.includes(undefined) ? undefined : items.length === 0 ? "none" : items.join(", ");
}
