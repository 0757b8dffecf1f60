import { createHash } from "node:crypto";
import { QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { AuditEntry } from "@steward/contracts/audit";
import { firstIdAt } from "@steward/contracts/ids";
import { isTraceId } from "@steward/contracts/trace-context";
import { calling, isNamed } from "../faults.ts";
import { createItem, type Item, type Page, queryItems, readItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * Append-only: there is no way here to remove an entry, or to change one but for its mark. An entry is on the index of the
 * unsealed until a seal holds it, whoever's it is and however late its transaction was committed; so none is forgotten.
 *
 *     append ─▶ unsealed ──(a seal holds it)──▶ marked, off the index, never written again
 *     count  ─▶ open ──(its minute is over)──▶ closed ──(a seal holds it)──▶ marked
 */

const partition = (tenantId: string) => `T#${tenantId}#AUDIT`;

/** Writes to one partition of an index are limited to 1,000 a second. */
const shards = 4;
const unsealedPartition = (shard: number) => `SYS#AUDIT#UNSEALED#${shard}`;
function unsealedKeys(auditId: string) {
  const shard = (createHash("sha256").update(auditId).digest()[0] ?? 0) % shards;
  return { gsi1pk: unsealedPartition(shard), gsi1sk: auditId };
}

/**
 * Entries of one request together, for as long as they are kept. Not those that count: theirs are many requests, of which
 * they name the first.
 */
const requestPartition = (tenantId: string, requestId: string) => `T#${tenantId}#AUDIT#${requestId}`;
const requestKeys = ({ tenantId, auditId, requestId }: AuditEntry) =>
  isTraceId(requestId) ? { gsi2pk: requestPartition(tenantId, requestId), gsi2sk: auditId } : {};

/** Where an entry is. */
export interface EntryKey {
  tenantId: string;
  auditId: string;
}
const keyOf = ({ tenantId, auditId }: EntryKey) => ({ pk: partition(tenantId), sk: auditId });

/** An entry as it lies in the table. */
export interface StoredEntry {
  entry: AuditEntry;
  /** The sequence of the seal that holds it. */
  seal?: number;
  /** It is counted on until then. */
  closed: boolean;
}

/** To be committed with the change that it tells of. */
export const appendAudit = (entry: AuditEntry): Write =>
  createItem("audit entry", { ...keyOf(entry), ...unsealedKeys(entry.auditId), ...requestKeys(entry), ...entry });

/**
 * isOpen: settles a count against the seal of its minute. The sealer closes before it reads what it seals, so whoever
 * counts later is told, and counts elsewhere.
 *
 *     sealer  close ── read 7 ── seal 7 ── mark
 *     denial         count ✗ closed: it begins another entry
 */
const isOpen = "attribute_not_exists(closedAtMs) AND attribute_not_exists(seal)";

/**
 * Counts one more of the same into an entry that it makes if need be. Undefined when that was done; else since when the
 * entry is closed. A reply that is lost may count one twice: that somebody is refused is no matter of exactness.
 */
export async function countAudit(table: Table, entry: AuditEntry): Promise<{ closedAtMs: number } | undefined> {
  const { requestId, ...fixed } = entry;
  const names = Object.entries({ ...fixed, ...unsealedKeys(entry.auditId) }).filter(([, value]) => value !== undefined);
  return calling("count a denial", async () => {
    try {
      await table.client.send(
        new UpdateCommand({
          TableName: table.name,
          Key: keyOf(entry),
          UpdateExpression: [
            `SET ${names.map(([name]) => `#${name} = :${name}`).join(", ")}`,
            ...(requestId === undefined ? [] : [", requestId = if_not_exists(requestId, :requestId)"]),
            " ADD #count :one",
          ].join(""),
          ConditionExpression: isOpen,
          ExpressionAttributeNames: {
            "#count": "count",
            ...Object.fromEntries(names.map(([name]) => [`#${name}`, name])),
          },
          ExpressionAttributeValues: {
            ":one": 1,
            ...Object.fromEntries(names.map(([name, value]) => [`:${name}`, value])),
            ...(requestId === undefined ? {} : { ":requestId": requestId }),
          },
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
        }),
      );
      return undefined;
    } catch (error) {
      if (!isNamed(error, "ConditionalCheckFailedException")) throw error;
      const old = error instanceof Error && "Item" in error ? (error.Item as Item | undefined) : undefined;
      const closed: unknown = old?.["closedAtMs"];
      const text = typeof closed === "object" && closed !== null && "N" in closed ? closed.N : closed;
      return { closedAtMs: Number(text ?? 0) };
    }
  });
}

/** Keys of entries that no seal holds yet, the oldest first, at most `limit`. From an index: trails the table. */
export async function listUnsealed(table: Table, limit: number): Promise<EntryKey[]> {
  const found = await Promise.all(
    Array.from({ length: shards }, (_, shard) =>
      queryItems(table, states.queryOf({ index: "gsi1", pk: unsealedPartition(shard) }), { limit }),
    ),
  );
  return found
    .flatMap(({ items }) =>
      items.map(({ tenantId, auditId }) => ({ tenantId: String(tenantId), auditId: String(auditId) })),
    )
    .toSorted((a, b) => (a.auditId < b.auditId ? -1 : 1))
    .slice(0, limit);
}

/** The entries that are there, in no order, strongly consistent. */
export async function getEntries(table: Table, keys: readonly EntryKey[]): Promise<StoredEntry[]> {
  return (await readItems(table, keys.map(keyOf))).map(storedOf);
}

/** Ends the counting; the entry as it is for good. */
export async function closeEntry(table: Table, key: EntryKey, nowMs: number): Promise<void> {
  await settle(
    table,
    key,
    { UpdateExpression: "SET closedAtMs = :nowMs", ExpressionAttributeValues: { ":nowMs": nowMs } },
    `attribute_exists(pk) AND ${isOpen}`,
  );
}

/**
 * notElsewhere: settles two sealers, and one that was killed against the one that goes on for it. The mark is the same
 * whoever makes it; an entry that another seal holds, or that is gone, is left as it is.
 *
 *     A  put seal 7 ── mark e1 ✗ killed
 *     B                            reads seal 7 ── mark e1 ✓ (again) ── mark e2 ✓ ── seal 8
 */
const notElsewhere = "attribute_exists(pk) AND (attribute_not_exists(seal) OR seal = :seal)";

/** Notes which seal holds the entry, and takes it off the index. False where it is gone, or another seal holds it. */
export async function markSealed(table: Table, key: EntryKey, seal: number): Promise<boolean> {
  return settle(
    table,
    key,
    { UpdateExpression: "SET seal = :seal REMOVE gsi1pk, gsi1sk", ExpressionAttributeValues: { ":seal": seal } },
    notElsewhere,
  );
}

async function settle(
  table: Table,
  key: EntryKey,
  update: { UpdateExpression: string; ExpressionAttributeValues: Record<string, unknown> },
  condition: string,
): Promise<boolean> {
  return calling("mark an audit entry", async () => {
    try {
      await table.client.send(
        new UpdateCommand({ TableName: table.name, Key: keyOf(key), ...update, ConditionExpression: condition }),
      );
      return true;
    } catch (error) {
      if (isNamed(error, "ConditionalCheckFailedException")) return false;
      throw error;
    }
  });
}

export interface AuditQuery {
  limit: number;
  /** `after` of the page before. */
  after?: string;
  who?: string;
  what?: string;
  record?: string;
  /** By a trace id: from an index, which trails the table by a moment. By the ids that were before: looked for like the others. */
  request?: string;
  fromMs?: number;
  toMs?: number;
}

/** So many entries are looked at for one page; a rarer filter's page is short, and says where to go on. */
const lookedAt = 2_000;

/** One page of the tenant's trail, newest first, strongly consistent but for one request's. It may be empty and yet not the last. */
export async function listAudit(table: Table, tenantId: string, query: AuditQuery): Promise<Page<StoredEntry>> {
  const { limit, after, fromMs, toMs } = query;
  const low = fromMs === undefined ? states.beforeAllIds : firstIdAt("audit", fromMs);
  const high = after ?? (toMs === undefined ? states.behindAllIds : firstIdAt("audit", toMs + 1));
  if (low > high) return { items: [] };
  const items: StoredEntry[] = [];
  let looked = 0;
  let last: string | undefined;
  let from: Item | undefined;
  do {
    const start = from;
    const answer = await calling("list the audit trail", () =>
      table.client.send(
        new QueryCommand({
          TableName: table.name,
          ...placeOf(tenantId, query, { low, high }),
          ScanIndexForward: false,
          Limit: Math.min(500, hasFilter(query) ? 500 : limit + 2),
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      ),
    );
    for (const item of answer.Items ?? []) {
      // Both ends of BETWEEN are in it; ours are not.
      if (item["sk"] === high) continue;
      if (items.length >= limit || looked >= lookedAt) return last === undefined ? { items } : { items, after: last };
      looked++;
      last = String(item["sk"]);
      const stored = storedOf(item);
      if (passes(stored.entry, query)) items.push(stored);
    }
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return { items };
}

/** What the table is asked for: a part of the trail, or of one request's entries in it. */
function placeOf(tenantId: string, { request }: AuditQuery, { low, high }: { low: string; high: string }) {
  if (!isTraceId(request)) {
    return {
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :low AND :high",
      ExpressionAttributeValues: { ":pk": partition(tenantId), ":low": low, ":high": high },
      ConsistentRead: true,
    };
  }
  return {
    IndexName: "gsi2",
    KeyConditionExpression: "gsi2pk = :pk AND gsi2sk BETWEEN :low AND :high",
    ExpressionAttributeValues: { ":pk": requestPartition(tenantId, request), ":low": low, ":high": high },
  };
}

function hasFilter({ who, what, record, request }: AuditQuery): boolean {
  return who !== undefined || what !== undefined || record !== undefined || request !== undefined;
}

function passes(entry: AuditEntry, { who, what, record, request }: AuditQuery): boolean {
  return (
    (who === undefined || entry.who === who) &&
    (what === undefined || entry.what === what) &&
    (record === undefined || entry.record === record) &&
    (request === undefined || entry.requestId === request)
  );
}

function storedOf(item: Item): StoredEntry {
  const { tenantId, auditId, atMs, who, what, record, count, seal, closedAtMs } = item;
  const optional = (name: "before" | "after" | "requestId") =>
    typeof item[name] === "string" ? { [name]: item[name] } : {};
  return {
    entry: {
      v: 1,
      tenantId: String(tenantId),
      auditId: String(auditId),
      atMs: Number(atMs),
      who: String(who),
      what: String(what),
      record: String(record),
      ...optional("before"),
      ...optional("after"),
      ...optional("requestId"),
      ...(typeof count === "number" ? { count } : {}),
    },
    ...(typeof seal === "number" ? { seal } : {}),
    closed: closedAtMs !== undefined || typeof count !== "number",
  };
}
