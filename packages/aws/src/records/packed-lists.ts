import { gunzipSync, gzipSync } from "node:zlib";
import { AppError } from "@steward/contracts/errors";
import type { Versioned } from "@steward/core/versioned";

/*
 * A task for 5,000 appliances names each of them three times over (its targets, its plan's, its waves). Long lists lie
 * zipped in an attribute of their own, and the state is what readers see again: nobody above this file knows.
 */

/** Where a state has a list. */
export type ListPath = readonly [string] | readonly [string, string];

/** Up to so many entries a list stays where it is: readable as it lies, and by a build that does not know this file. */
const plainUpTo = 100;
/** DynamoDB takes 400 KB for an item; what the keys, the indexes and a later result take is kept free. */
const maxStateBytes = 370 * 1024;

type Packed = Record<string, unknown[]>;

/** The state without its long lists, and those as bytes. The very same state where no list is long. */
export function packLists<State extends Versioned>(
  state: State,
  paths: readonly ListPath[],
  name: string,
): { state: State; lists?: Uint8Array } {
  const packed: Packed = {};
  let rest = { ...state } as unknown as Record<string, unknown>;
  for (const path of paths) {
    const list = valueAt(state, path);
    if (!Array.isArray(list) || list.length <= plainUpTo) continue;
    packed[path.join(".")] = list;
    rest = without(rest, path);
  }
  if (Object.keys(packed).length === 0) return { state };
  const lists = gzipSync(JSON.stringify(asColumns(packed)));
  const bytes = lists.length + Buffer.byteLength(JSON.stringify(rest));
  if (bytes > maxStateBytes) {
    throw new AppError("unprocessable", `this ${name} is larger than a record may be (${Math.ceil(bytes / 1024)} KB)`, {
      next: "Do it in two: narrow the targets with a tag, or give fewer and shorter values.",
    });
  }
  return { state: rest as unknown as State, lists };
}

/** The state as it was before `packLists`. */
export function unpackLists<State>(state: State, lists: unknown): State {
  if (!(lists instanceof Uint8Array)) return state;
  const packed = fromColumns(JSON.parse(gunzipSync(lists).toString("utf8")) as Record<string, Column>);
  let whole: unknown = state;
  for (const [path, list] of Object.entries(packed)) whole = withValue(whole, path.split("."), list);
  return whole as State;
}

/**
 * Ids and names apart, so that like stands beside like; a list of the ids that another one has already is only named.
 * Half of what the lists as they are would take.
 */
type Column = { plain: unknown[] } | { ids: string[]; names: string[] } | { idsOf: string };

function asColumns(packed: Packed): Record<string, Column> {
  const columns: Record<string, Column> = {};
  const known = new Map<string, string>();
  for (const [path, list] of Object.entries(packed)) {
    if (list.every(isTarget)) {
      const ids = list.map((target) => target.id);
      known.set(ids.join(), path);
      columns[path] = { ids, names: list.map((target) => target.name) };
      continue;
    }
    const same = list.every((one) => typeof one === "string") ? known.get(list.join()) : undefined;
    columns[path] = same === undefined ? { plain: list } : { idsOf: same };
  }
  return columns;
}

function fromColumns(columns: Record<string, Column>): Packed {
  return Object.fromEntries(
    Object.entries(columns).map(([path, column]) => {
      if ("plain" in column) return [path, column.plain];
      if ("ids" in column) return [path, column.ids.map((id, at) => ({ id, name: column.names[at] ?? id }))];
      const source = columns[column.idsOf];
      return [path, source !== undefined && "ids" in source ? [...source.ids] : []];
    }),
  );
}

/** Exactly an id and a name: whatever has more to it stays as it is. */
function isTarget(value: unknown): value is { id: string; name: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === 2 &&
    "id" in value &&
    "name" in value &&
    typeof value.id === "string" &&
    typeof value.name === "string"
  );
}

function valueAt(state: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined) return state;
  return typeof state === "object" && state !== null
    ? valueAt((state as Record<string, unknown>)[first], rest)
    : undefined;
}

function without(state: Record<string, unknown>, [first, second]: ListPath): Record<string, unknown> {
  const { [first]: value, ...rest } = state;
  if (second === undefined || typeof value !== "object" || value === null) return rest;
  const { [second]: _, ...inner } = value as Record<string, unknown>;
  return { ...rest, [first]: inner };
}

function withValue(state: unknown, [first, ...rest]: readonly string[], value: unknown): unknown {
  if (first === undefined) return value;
  const fields = (typeof state === "object" && state !== null ? state : {}) as Record<string, unknown>;
  return { ...fields, [first]: withValue(fields[first], rest, value) };
}
