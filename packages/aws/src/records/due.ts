import { createHash } from "node:crypto";
import { queryItems, type Table } from "../table.ts";

/*
 * The index `due`: every state with a `dueAtMs`, whoever's it is, in the order in which something must happen to it.
 * The reconciler reads it; code that acts for a tenant may not.
 */

export const dueTypes = [
  "tenant",
  "freeze",
  "node",
  "certificate",
  "task",
  "job",
  "admission",
  "rollout",
  "run",
  "secret",
  "notice",
  "alert",
  "alerting",
] as const;
export type DueType = (typeof dueTypes)[number];

export interface Due {
  /** `unknown`: of a build that knows more types than this one. It must not keep the others from their deadlines. */
  type: DueType | "unknown";
  /** The owner; `-` for a record of the system itself. */
  tenantId: string;
  id: string;
  dueAtMs: number;
}

/** Writes to one partition of an index are limited to 1,000 a second: four carry a burst of deadlines. */
const shards = 4;

export function dueKeys({
  type,
  tenantId,
  id,
  dueAtMs,
}: {
  type: string;
  tenantId: string;
  id: string;
  dueAtMs: number;
}) {
  const shard = (createHash("sha256").update(id).digest()[0] ?? 0) % shards;
  return { duepk: `SYS#DUE#${shard}`, duesk: `${sortable(dueAtMs)}#${type}#${tenantId}#${id}` };
}

/** What is due by `nowMs`, the longest overdue first, at most `limit`. The index trails the table by a moment. */
export async function listDue(table: Table, nowMs: number, limit: number): Promise<Due[]> {
  const found = await Promise.all(
    Array.from({ length: shards }, (_, shard) =>
      queryItems(
        table,
        {
          IndexName: "due",
          KeyConditionExpression: "duepk = :shard AND duesk < :after",
          ExpressionAttributeValues: { ":shard": `SYS#DUE#${shard}`, ":after": sortable(nowMs + 1) },
          ProjectionExpression: "duesk",
        },
        { limit },
      ),
    ),
  );
  return found
    .flatMap(({ items }) => items.map(({ duesk }) => dueOf(String(duesk))))
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs || (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

function dueOf(duesk: string): Due {
  const [dueAt, type, tenantId = "-", id = duesk] = duesk.split("#");
  return { type: dueTypes.find((known) => known === type) ?? "unknown", tenantId, id, dueAtMs: Number(dueAt) };
}

/** A time that sorts as text. 15 digits last beyond the year 30,000. */
export function sortable(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, "0");
}
