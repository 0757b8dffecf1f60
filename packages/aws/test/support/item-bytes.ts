/**
 * The size of an item as DynamoDB's documentation counts it ("DynamoDB item sizes and formats"): names and texts in
 * bytes of UTF-8, numbers by their digits, 3 bytes for a list or map and 1 for each of its elements.
 */
export function itemBytes(item: Record<string, unknown>): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: unknown): number {
  if (value === null || typeof value === "boolean") return 1;
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return numberBytes(value);
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Set) return [...value].reduce((sum: number, one) => sum + valueBytes(one), 0);
  if (Array.isArray(value)) return value.reduce((sum: number, one) => sum + valueBytes(one) + 1, 3);
  if (typeof value === "object") {
    return Object.entries(value).reduce((sum, [name, one]) => sum + Buffer.byteLength(name) + valueBytes(one) + 1, 3);
  }
  throw new TypeError(`DynamoDB has no ${typeof value}`);
}

/** About one byte per two digits, one more, and one for a minus; zeros at either end count for nothing. At most 21. */
function numberBytes(value: number): number {
  const digits = String(Math.abs(value))
    .replace(".", "")
    .replace(/^0+|0+$/g, "").length;
  return Math.min(21, Math.ceil(digits / 2) + 2 + (value < 0 ? 1 : 0));
}
