import { AppError } from "@steward/contracts/errors";
import { type IndexName, tableSchema } from "@steward/contracts/names";
import type { Versioned } from "@steward/core/versioned";
import { type Item, type Page, type Query, readItem, replaceItem, type Table, type Write } from "../table.ts";
import { dueKeys } from "./due.ts";
import { type ListPath, packLists, unpackLists } from "./packed-lists.ts";

/*
 * How a versioned state lies in the table: the state as core knows it in one attribute, and beside it what keys,
 * indexes and conditions need. Every record's file says which keys; what they share is here.
 */

/** Where an item is in the table. */
export interface Key {
  pk: string;
  sk: string;
}

/**
 * The shared attributes of one state. `due` names it for those who look for what is due; `lists` says which of its lists
 * may be so long that they are zipped.
 */
export function stateItem<State extends Versioned>(
  state: State,
  due?: { type: string; tenantId: string; id: string },
  lists: readonly ListPath[] = [],
) {
  return {
    version: state.version,
    ...packLists(state, lists, due?.type ?? "record"),
    ...(due === undefined || state.dueAtMs === undefined ? {} : dueKeys({ ...due, dueAtMs: state.dueAtMs })),
  };
}

/** A write of the next version of a state, if nobody else was first. */
export function replaceState(record: string, item: Item, previous: Versioned, next: Versioned): Write {
  if (next.version !== previous.version + 1) {
    const versions = `${previous.version} → ${next.version}`;
    throw new AppError("internal", `a new ${record} must have the next version (${versions})`, { retryable: false });
  }
  return replaceItem(record, item, previous.version);
}

/**
 * The state of an item. A shape that this build does not know is never guessed at; one that says another tenant than its
 * key would carry whoever goes on with it (`state.tenantId`) across.
 */
export function stateOf<State extends Versioned>(item: Item): State {
  const { state } = item;
  if (typeof state !== "object" || state === null || !("v" in state) || state.v !== 1) {
    const name = `${String(item["pk"])} ${String(item["sk"])}`;
    throw new AppError("internal", `the record ${name} has a shape that this version of Steward does not know`, {
      next: "Roll forward to the version that wrote it.",
      retryable: false,
    });
  }
  const owner = /^T#([^#]+)#/.exec(String(item["pk"]))?.[1];
  if (owner !== undefined && "tenantId" in state && state.tenantId !== owner) {
    throw new AppError("internal", "a record says that it is another tenant's than its key", { retryable: false });
  }
  return unpackLists(state as State, item["lists"]);
}

/** Reads one state, strongly consistent. */
export async function readState<State extends Versioned>(table: Table, key: Key): Promise<State | undefined> {
  const item = await readItem(table, key);
  return item === undefined ? undefined : stateOf<State>(item);
}

/** One partition, of the table or of an index, from its start or from a sort key on. */
export interface Place {
  index?: IndexName;
  pk: string;
  /** Only what sorts before it, or after it. */
  before?: string;
  behind?: string;
  startsWith?: string;
}

/** A query, to be sent by `queryItems`. `consistent` only where it is not on an index. */
export function queryOf(
  { index, pk, before, behind, startsWith }: Place,
  options: { newestFirst?: boolean; consistent?: boolean } = {},
): Query {
  const keys = tableSchema.indexes.find(({ name }) => name === index) ?? tableSchema;
  const edge = before ?? behind ?? startsWith;
  return {
    ...(index === undefined ? {} : { IndexName: index }),
    KeyConditionExpression:
      edge === undefined
        ? "#pk = :pk"
        : startsWith === undefined
          ? `#pk = :pk AND #sk ${before === undefined ? ">" : "<"} :sk`
          : "#pk = :pk AND begins_with(#sk, :sk)",
    ExpressionAttributeNames: { "#pk": keys.partitionKey, ...(edge === undefined ? {} : { "#sk": keys.sortKey }) },
    ExpressionAttributeValues: { ":pk": pk, ...(edge === undefined ? {} : { ":sk": edge }) },
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
