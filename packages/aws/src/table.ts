import { randomUUID } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import { AppError } from "@steward/contracts/errors";
import { tableSchema } from "@steward/contracts/names";
import { awsFault, backOff, calling, isNamed } from "./faults.ts";

/** The one table, and the client to reach it with. */
export interface Table {
  client: DynamoDBDocumentClient;
  name: string;
  /** For heartbeats alone, where one is all that the process does (`createWire`). Absent: they go the way of the others. */
  wire?: DynamoDBClient;
}

export type Item = Record<string, unknown>;

/**
 * A prepared write: made by a record's `createX` or `replaceX`, carried out by `commit`. It keeps its `writeId` however
 * often it is sent, and leaves it in the item, so that a write whose reply was lost is known again.
 */
export interface Write {
  readonly record: string;
  readonly writeId: string;
  readonly statement: Put | Update | Check;
}

interface Condition {
  ConditionExpression: string;
  ExpressionAttributeNames: Record<string, string>;
  ExpressionAttributeValues?: Record<string, unknown>;
}
interface Put extends Condition {
  kind: "put";
  Item: Item;
}
interface Update extends Condition {
  kind: "update";
  Key: Item;
  UpdateExpression: string;
}

interface Check extends Condition {
  kind: "check";
  Key: Item;
}

/** DynamoDB's own limit. */
const maxTransactionItems = 100;
const maxAttempts = 10;

/**
 * absent: settles two creations of one record. Both ask "is it there?" in the write itself, so one creates and the
 * other is told of the conflict.
 *
 *     A  create ──✓
 *     B     create ──✗ conflict: B reads what A made
 */
const absent: Condition = {
  ConditionExpression: "attribute_not_exists(#pk)",
  ExpressionAttributeNames: { "#pk": tableSchema.partitionKey },
};

/**
 * unchanged: settles two changes that were decided on the same read. The first raises the version; the second was
 * decided on what is no longer so, and is told of the conflict. Also false when the record is gone.
 *
 *     A  read v4 ── decide ── write v5 ✓
 *     B     read v4 ── decide ──── write v5 ✗ conflict: B reads v5 and decides again
 */
function unchanged(previousVersion: number): Condition {
  return {
    ConditionExpression: "#version = :previousVersion",
    ExpressionAttributeNames: { "#version": "version" },
    ExpressionAttributeValues: { ":previousVersion": previousVersion },
  };
}

/** A write that creates the item, if nobody else did. */
export function createItem(record: string, item: Item): Write {
  const writeId = randomUUID();
  return { record, writeId, statement: { kind: "put", Item: { ...item, writeId }, ...absent } };
}

/**
 * A write that replaces the item, if its version is still `previousVersion`. Everything in `item` is set; index keys
 * that it does not have are removed, and the item leaves those (sparse) indexes.
 */
export function replaceItem(record: string, item: Item, previousVersion: number): Write {
  const writeId = randomUUID();
  const condition = unchanged(previousVersion);
  const names: Record<string, string> = { ...condition.ExpressionAttributeNames };
  const values: Record<string, unknown> = { ...condition.ExpressionAttributeValues };
  const sets: string[] = [];
  const removes: string[] = [];
  const { [tableSchema.partitionKey]: pk, [tableSchema.sortKey]: sk, ...attributes } = item;
  for (const [name, value] of Object.entries({ ...attributes, writeId })) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value;
    sets.push(`#${name} = :${name}`);
  }
  // The one before stays readable: our write is known again even if another one came after it before we could look.
  names["#writeIdBefore"] = "writeIdBefore";
  sets.push("#writeIdBefore = #writeId");
  for (const index of tableSchema.indexes) {
    for (const name of [index.partitionKey, index.sortKey]) {
      if (attributes[name] !== undefined) continue;
      names[`#${name}`] = name;
      removes.push(`#${name}`);
    }
  }
  return {
    record,
    writeId,
    statement: {
      kind: "update",
      Key: { [tableSchema.partitionKey]: pk, [tableSchema.sortKey]: sk },
      UpdateExpression: `SET ${sets.join(", ")}${removes.length === 0 ? "" : ` REMOVE ${removes.join(", ")}`}`,
      ConditionExpression: condition.ConditionExpression,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: values,
    },
  };
}

/**
 * A write whose condition still holds after it was carried out, so that carrying it out twice is as good as once. It
 * leaves no writeId.
 */
export function updateItem(record: string, statement: Omit<Update, "kind">): Write {
  return { record, writeId: randomUUID(), statement: { kind: "update", ...statement } };
}

/** Changes nothing, and holds the transaction that it is in to a condition on another item. Never the only write of one. */
export function checkItem(record: string, statement: Omit<Check, "kind">): Write {
  return { record, writeId: randomUUID(), statement: { kind: "check", ...statement } };
}

/**
 * Carries out all of the writes or none. Safe to call again with the same writes.
 * Throws `conflict` (details: the record) when somebody else was first, `unavailable` when the table does not manage.
 */
export async function commit(table: Table, writes: readonly Write[]): Promise<void> {
  const [first, ...rest] = writes;
  if (first === undefined) return;
  if (writes.length > maxTransactionItems) {
    throw new AppError("internal", `a change of ${writes.length} records does not fit into one transaction (100)`, {
      retryable: false,
    });
  }
  for (let attempt = 0; ; attempt++) {
    try {
      if (rest.length === 0) await writeOne(table, first);
      else await writeAll(table, writes);
      return;
    } catch (error) {
      const failed = failedConditions(error, writes);
      if (failed.some(({ write, old }) => isOurs(write, old))) return;
      const lost = failed[0];
      if (lost !== undefined) {
        throw new AppError("conflict", `somebody else changed this ${lost.write.record} at the same time`, {
          details: { record: lost.write.record },
          cause: error,
        });
      }
      if (!isContention(error)) throw awsFault(error, `write ${first.record}`);
      if (attempt + 1 >= maxAttempts) {
        throw new AppError("unavailable", `the table is too busy to write ${first.record}`, {
          cause: error,
          retryAfterSeconds: 1,
        });
      }
      await backOff(attempt);
    }
  }
}

async function writeOne(table: Table, write: Write): Promise<void> {
  const { kind, ...statement } = write.statement;
  const input = { ...statement, TableName: table.name, ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const };
  if (kind === "put" && "Item" in input) await table.client.send(new PutCommand(input));
  else if ("UpdateExpression" in input) await table.client.send(new UpdateCommand(input));
  else throw new AppError("internal", "a condition alone is no change", { retryable: false });
}

async function writeAll(table: Table, writes: readonly Write[]): Promise<void> {
  await table.client.send(
    new TransactWriteCommand({
      TransactItems: writes.map(({ statement }) => transactItem(table, statement)),
      // The same for every try of this commit: DynamoDB itself answers a repeated one with success for ten minutes.
      ClientRequestToken: writes[0]?.writeId,
    }),
  );
}

function transactItem(table: Table, { kind: _kind, ...statement }: Write["statement"]) {
  const common = { TableName: table.name, ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const };
  if ("Item" in statement) return { Put: { ...statement, ...common } };
  return "UpdateExpression" in statement
    ? { Update: { ...statement, ...common } }
    : { ConditionCheck: { ...statement, ...common } };
}

/** The writes whose condition failed, each with the item that stood in the way. */
function failedConditions(error: unknown, writes: readonly Write[]): { write: Write; old: unknown }[] {
  if (!(error instanceof Error)) return [];
  const [single] = writes;
  if (error.name === "ConditionalCheckFailedException" && single !== undefined) {
    return [{ write: single, old: "Item" in error ? error.Item : undefined }];
  }
  return cancellationReasons(error).flatMap((reason, index) => {
    const write = writes[index];
    return reason.Code === "ConditionalCheckFailed" && write !== undefined ? [{ write, old: reason.Item }] : [];
  });
}

interface CancellationReason {
  Code?: string;
  Item?: unknown;
}

function cancellationReasons(error: Error): CancellationReason[] {
  if (error.name !== "TransactionCanceledException" || !("CancellationReasons" in error)) return [];
  return Array.isArray(error.CancellationReasons) ? (error.CancellationReasons as CancellationReason[]) : [];
}

/** The item carries our own writeId: an earlier try of this very write was carried out and its reply lost. */
function isOurs(write: Write, old: unknown): boolean {
  return textOf(old, "writeId") === write.writeId || textOf(old, "writeIdBefore") === write.writeId;
}

/** A text attribute of an item as exceptions carry it: as `{S: "…"}` or, from the document client, as it is. */
function textOf(item: unknown, name: string): string | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const value: unknown = (item as Item)[name];
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && "S" in value && typeof value.S === "string"
    ? value.S
    : undefined;
}

const contention = [
  "TransactionConflictException",
  "TransactionInProgressException",
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
];

/**
 * Another transaction had the item, or the table is throttled: the same write may pass in a moment. Not a table that
 * does not answer: the SDK has tried that three times, and the caller's own time is limited.
 */
function isContention(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const codes = cancellationReasons(error).map((reason) => reason.Code ?? "None");
  return codes.length > 0
    ? codes.every((code) =>
        ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"].includes(code),
      )
    : isNamed(error, ...contention);
}

/** Reads one item, strongly consistent. */
export async function readItem(table: Table, key: { pk: string; sk: string }): Promise<Item | undefined> {
  const answer = await calling("read a record", () =>
    table.client.send(new GetCommand({ TableName: table.name, Key: key, ConsistentRead: true })),
  );
  return answer.Item;
}

/** One request's worth of keys, and how many requests of one call are under way at one time. */
const batchKeys = 100;
const batchesAtOnce = 8;

/** Reads many items (any number, in no order; absent ones are left out), strongly consistent. */
export async function readItems(table: Table, keys: readonly { pk: string; sk: string }[]): Promise<Item[]> {
  const batches = Array.from({ length: Math.ceil(keys.length / batchKeys) }, (_, at) =>
    keys.slice(at * batchKeys, (at + 1) * batchKeys),
  );
  const items: Item[] = [];
  const left = batches[Symbol.iterator]();
  const readOn = async () => {
    for (const batch of left) items.push(...(await readBatch(table, batch)));
  };
  await Promise.all(Array.from({ length: Math.min(batchesAtOnce, batches.length) }, readOn));
  return items;
}

async function readBatch(table: Table, keys: readonly { pk: string; sk: string }[]): Promise<Item[]> {
  const items: Item[] = [];
  let wanted: Record<string, unknown>[] = [...keys];
  for (let attempt = 0; wanted.length > 0; attempt++) {
    if (attempt > 0) await backOff(attempt);
    if (attempt >= maxAttempts) {
      throw new AppError("unavailable", "the table is too busy to read records", { retryAfterSeconds: 1 });
    }
    const answer = await calling("read records", () =>
      table.client.send(
        new BatchGetCommand({ RequestItems: { [table.name]: { Keys: wanted, ConsistentRead: true } } }),
      ),
    );
    items.push(...(answer.Responses?.[table.name] ?? []));
    wanted = answer.UnprocessedKeys?.[table.name]?.Keys ?? [];
  }
  return items;
}

/** A query without its table. */
export type Query = Omit<QueryCommandInput, "TableName">;

/** Fewer a call would be as many calls for a filter that accepts little. */
const fewestACall = 100;

/**
 * Runs a query to its end, or until `limit` items that pass `accept` were found. `more`: there may be further ones.
 * `looksAt`: ends after so many items, accepted or not; `lookedTo` is the last of them then, to go on behind.
 */
export async function queryItems(
  table: Table,
  query: Query,
  {
    limit = Number.POSITIVE_INFINITY,
    accept = () => true,
    looksAt = Number.POSITIVE_INFINITY,
  }: { limit?: number; accept?: (item: Item) => boolean; looksAt?: number } = {},
): Promise<{ items: Item[]; more: boolean; lookedTo?: Item }> {
  const items: Item[] = [];
  const atOnce = Number.isFinite(looksAt) ? Math.min(looksAt, Math.max(limit + 1, fewestACall)) : limit + 1;
  let looked = 0;
  let from: Item | undefined;
  do {
    const answer = await calling("list records", () =>
      table.client.send(
        new QueryCommand({
          ...query,
          TableName: table.name,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          ...(Number.isFinite(atOnce) ? { Limit: atOnce } : {}),
        }),
      ),
    );
    const found = answer.Items ?? [];
    for (const item of found) {
      if (!accept(item)) continue;
      if (items.length >= limit) return { items, more: true };
      items.push(item);
    }
    from = answer.LastEvaluatedKey;
    looked += found.length;
    const lookedTo = found.at(-1);
    if (from !== undefined && lookedTo !== undefined && looked >= looksAt) return { items, more: true, lookedTo };
  } while (from !== undefined);
  return { items, more: false };
}

/** How many items there are, without fetching them. */
export async function countItems(table: Table, query: Query): Promise<number> {
  let count = 0;
  let from: Item | undefined;
  do {
    const answer = await calling("count records", () =>
      table.client.send(
        new QueryCommand({
          ...query,
          TableName: table.name,
          Select: "COUNT",
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        }),
      ),
    );
    count += answer.Count ?? 0;
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return count;
}

/** One page of a list, and where the next one starts. */
export interface Page<T> {
  items: T[];
  after?: string;
}
export interface PageRequest {
  limit: number;
  /** `after` of the page before. */
  after?: string;
}
