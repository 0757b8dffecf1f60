import { roomFor } from "@steward/core/limit/model-spend";
import type { Item, Table } from "../table.ts";
import { readItem } from "../table.ts";
import { changeItem } from "./change.ts";
import * as states from "./state.ts";

/*
 * What a tenant's questions to Claude have cost in a month, and what those that are under way may cost at most, in whole
 * millionths of a US dollar. One number holds both, so that one condition keeps their sum below the limit:
 *
 *     reserve ── committed + most ── ask Claude ── settle: committed − most + real
 *                                       ✗ died: nobody knows what was billed, so it stays at the most
 */

const keyOf = (tenantId: string, month: string) => ({ pk: `T#${tenantId}#LIMIT`, sk: `SPEND#${month}` });

/** For a year and a month: bills come late. */
const keptMs = 400 * 86_400_000;

export interface Reservation {
  tenantId: string;
  month: string;
  id: string;
  /** The most that it can cost. */
  micros: number;
  /** From then on nobody will settle it. */
  expiresAtMs: number;
}

export interface Spend {
  /** Settled, and what was reserved by somebody who has died. */
  spentMicros: number;
  /** Of those that are under way. */
  reservedMicros: number;
}

/**
 * hasRoom: settles many that reserve at once. The table makes one after the other, and each asks for the sum of all before.
 * A reservation that is there already is our own, whose reply was lost.
 */
const hasRoom = "(attribute_not_exists(committed) OR committed <= :room) AND attribute_not_exists(#open)";

/** Reserves the most that a question can cost, or answers what is spent and reserved already. */
export async function reserveSpend(
  table: Table,
  { tenantId, month, id, micros, expiresAtMs }: Reservation,
  { limitMicros, nowMs }: { limitMicros: number; nowMs: number },
): Promise<{ kind: "reserved" } | { kind: "full"; spend: Spend }> {
  const room = roomFor({ most: micros, budget: limitMicros });
  if (room === undefined) return { kind: "full", spend: await spendIn(table, tenantId, month, nowMs) };
  const { done, item } = await changeItem(table, "reserve for a question", {
    key: keyOf(tenantId, month),
    UpdateExpression: "ADD committed :micros SET #open = :open, expiresAtS = :expiresAtS",
    ConditionExpression: hasRoom,
    ExpressionAttributeNames: { "#open": openName(id) },
    ExpressionAttributeValues: {
      ":micros": micros,
      ":open": { micros, expiresAtMs },
      ":expiresAtS": states.ttl(nowMs + keptMs),
      ":room": room,
    },
  });
  if (done || item?.[openName(id)] !== undefined) return { kind: "reserved" };
  return { kind: "full", spend: spendOf(item, nowMs) };
}

/** open: settles a settlement with its own repetition after a lost reply. What is settled is gone. */
const open = "attribute_exists(#open)";

/** Puts what it has cost in the place of what it could cost. */
export async function settleSpend(
  table: Table,
  { tenantId, month, id, micros }: Reservation,
  costMicros: number,
): Promise<void> {
  await changeItem(table, "settle a question", {
    key: keyOf(tenantId, month),
    UpdateExpression: "ADD committed :less REMOVE #open",
    ConditionExpression: open,
    ExpressionAttributeNames: { "#open": openName(id) },
    ExpressionAttributeValues: { ":less": costMicros - micros },
  });
}

export async function spendIn(table: Table, tenantId: string, month: string, nowMs: number): Promise<Spend> {
  return spendOf(await readItem(table, keyOf(tenantId, month)), nowMs);
}

const openPrefix = "open#";
const openName = (id: string) => `${openPrefix}${id}`;

function spendOf(item: Item | undefined, nowMs: number): Spend {
  const committed = Number(item?.["committed"] ?? 0);
  let reservedMicros = 0;
  for (const [name, value] of Object.entries(item ?? {})) {
    if (!name.startsWith(openPrefix) || typeof value !== "object" || value === null) continue;
    if ("expiresAtMs" in value && Number(value.expiresAtMs) > nowMs && "micros" in value) {
      reservedMicros += Number(value.micros);
    }
  }
  return { spentMicros: committed - reservedMicros, reservedMicros };
}
