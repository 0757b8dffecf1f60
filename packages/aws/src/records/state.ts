import { AppError } from "@steward/contracts/errors";
import type { Versioned } from "@steward/core/versioned";
import { CustomAttributeType } from "electrodb";
import {
  createItem,
  type Item,
  type Page,
  type Query,
  readItem,
  replaceItem,
  type Table,
  type Write,
} from "../table.ts";
import { dueKeys } from "./due.ts";

/*
 * How a versioned state lies in the table: the state as core knows it in one attribute, and beside it what keys,
 * indexes and conditions need. Every record's file says which keys; what they share is here.
 */

/** The model's head: entity name, and the version of the item's shape. */
export function model(entity: string) {
  return { entity, service: "steward", version: "1" } as const;
}

/** Attributes of every item with a versioned state. The index keys are computed: an item without them is not on the index. */
export function stateAttributes() {
  return {
    version: { type: "number", required: true },
    state: { type: CustomAttributeType<Versioned>("any"), required: true },
    duepk: { type: "string" },
    duesk: { type: "string" },
  } as const;
}

/** The table's own keys, from templates. Ids are case-sensitive. */
export function primary<const P extends string, const S extends string>(
  pk: { composite: readonly P[]; template: string },
  sk: { composite: readonly S[]; template: string },
) {
  return {
    pk: { field: "pk", composite: pk.composite, template: pk.template, casing: "none" },
    sk: { field: "sk", composite: sk.composite, template: sk.template, casing: "none" },
  } as const;
}

/** The sparse index of what must happen when: on it are the states that have a `dueAtMs`. */
export const dueIndex = {
  index: "due",
  pk: { field: "duepk", composite: ["duepk"], casing: "none" },
  sk: { field: "duesk", composite: ["duesk"], casing: "none" },
} as const;

/** The shared attributes of one state. `due` names it for those who look for what is due. */
export function stateItem<State extends Versioned>(state: State, due?: { type: string; tenantId: string; id: string }) {
  return {
    version: state.version,
    state,
    ...(due === undefined || state.dueAtMs === undefined ? {} : dueKeys({ ...due, dueAtMs: state.dueAtMs })),
  };
}

/** An ElectroDB operation. It makes the parameters; sending them, and what failures mean, is table.ts's. */
interface Operation {
  params(options: { table: string }): Record<string, unknown>;
}
/** ElectroDB wants a table's name; the real one is put in where the parameters are sent. */
const anyTable = { table: "steward" };

/** The item that an ElectroDB put makes. */
export function itemOf(put: Operation): Item {
  const { Item: item } = put.params(anyTable);
  if (typeof item !== "object" || item === null) throw new AppError("internal", "ElectroDB made no item");
  return item as Item;
}

export function createState(record: string, put: Operation): Write {
  return createItem(record, itemOf(put));
}

export function replaceState(record: string, put: Operation, previous: Versioned, next: Versioned): Write {
  if (next.version !== previous.version + 1) {
    const versions = `${previous.version} → ${next.version}`;
    throw new AppError("internal", `a new ${record} must have the next version (${versions})`, { retryable: false });
  }
  return replaceItem(record, itemOf(put), previous.version);
}

/** The state of an item. A shape that this build does not know is never guessed at. */
export function stateOf<State extends Versioned>(item: Item): State {
  const { state } = item;
  if (typeof state !== "object" || state === null || !("v" in state) || state.v !== 1) {
    const name = `${String(item["pk"])} ${String(item["sk"])}`;
    throw new AppError("internal", `the record ${name} has a shape that this version of Steward does not know`, {
      next: "Roll forward to the version that wrote it.",
      retryable: false,
    });
  }
  return state as State;
}

/** Reads one state, strongly consistent. */
export async function readState<State extends Versioned>(table: Table, get: Operation): Promise<State | undefined> {
  const item = await readItem(table, keyOf(get));
  return item === undefined ? undefined : stateOf<State>(item);
}

/** The key that an ElectroDB get asks for. */
export function keyOf(get: Operation): { pk: string; sk: string } {
  const { Key: key } = get.params(anyTable);
  if (typeof key !== "object" || key === null || !("pk" in key) || !("sk" in key)) {
    throw new AppError("internal", "ElectroDB made no key");
  }
  return { pk: String(key.pk), sk: String(key.sk) };
}

/** An ElectroDB query, to be sent by `queryItems`. `consistent` only where it is not on an index. */
export function queryOf(query: Operation, options: { newestFirst?: boolean; consistent?: boolean } = {}): Query {
  const { TableName: _, ...parameters } = query.params(anyTable);
  return {
    ...parameters,
    ...(options.newestFirst === true ? { ScanIndexForward: false } : {}),
    ...(options.consistent === true ? { ConsistentRead: true } : {}),
  };
}

/** TTL attribute (epoch seconds) of something that ends then. DynamoDB deletes it days later: readers look themselves. */
export function ttl(expiresAtMs: number): number {
  return Math.ceil(expiresAtMs / 1000);
}

/** Sorts behind every id: where a list that starts with the newest begins. */
export const behindAllIds = "~";
/** Sorts before every id. */
export const beforeAllIds = "!";

export function pageOf<T>(items: T[], more: boolean, idOf: (item: T) => string): Page<T> {
  const last = items.at(-1);
  return more && last !== undefined ? { items, after: idOf(last) } : { items };
}
