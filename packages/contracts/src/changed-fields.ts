import { canonical } from "./canonical.ts";

/** The fields that differ, by their paths, with both values. */
export function changedFields(
  before: object,
  after: object,
  path = "",
): { path: string; before?: unknown; after?: unknown }[] {
  const [from, to] = [before, after].map((one) => new Map<string, unknown>(Object.entries(one)));
  const names = [...new Set([...(from?.keys() ?? []), ...(to?.keys() ?? [])])].toSorted();
  return names.flatMap((name) => {
    const [old, now] = [from?.get(name), to?.get(name)];
    const at = path === "" ? name : `${path}.${name}`;
    if (isGroup(old) || isGroup(now)) return changedFields(isGroup(old) ? old : {}, isGroup(now) ? now : {}, at);
    if (isSame(old, now)) return [];
    return [{ path: at, ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) }];
  });
}

function isGroup(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(one: unknown, other: unknown): boolean {
  return (
    one === other || (one !== undefined && other !== undefined && canonical({ one }) === canonical({ one: other }))
  );
}
