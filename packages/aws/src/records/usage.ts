import { randomUUID } from "node:crypto";
import type { Table } from "../table.ts";
import { readItem } from "../table.ts";
import { changeItem } from "./change.ts";
import * as states from "./state.ts";

/*
 * What a tenant uses of its quotas. Each number is changed by one write that also asks whether there is room, before the
 * thing itself is made: many at once are let in one by one, and what exists is never more than what is counted. A death
 * between the two leaves the number too high, never too low.
 */

/** Counted until it is gone: machines, and jobs that have not ended. */
export type Holding = "appliances" | "jobs";
/** Counted for a day. Questions are tasks as well. */
export type Daily = "tasks" | "questions" | "outputBytes" | "codes";

const partition = (tenantId: string) => `T#${tenantId}#LIMIT`;
const holdingKey = (tenantId: string, holding: Holding) => ({ pk: partition(tenantId), sk: `HOLDING#${holding}` });
const dayKey = (tenantId: string, day: string) => ({ pk: partition(tenantId), sk: `DAY#${day}` });

/** For a month back: what was used on a day can be looked up. */
const keptMs = 35 * 86_400_000;

export type Taken = { kind: "taken"; used: number } | { kind: "full"; used: number };

/**
 * room: settles two that both see the last unit free. The table makes one addition after the other, and the second no
 * longer finds room. An absent number has its own condition: it is counted first.
 */
const room = "#n <= :last";

/** Adds to the tenant's day, if all of it fits. A lost reply may count twice. */
export async function takeDaily(
  table: Table,
  {
    tenantId,
    day,
    what,
    amount,
    limit,
    nowMs,
  }: { tenantId: string; day: string; what: Daily; amount: number; limit: number; nowMs: number },
): Promise<Taken> {
  const { done, item } = await changeItem(table, "count for the day", {
    key: dayKey(tenantId, day),
    UpdateExpression: "ADD #n :amount SET expiresAtS = if_not_exists(expiresAtS, :expiresAtS)",
    ConditionExpression: amount <= limit ? `attribute_not_exists(#n) OR ${room}` : room,
    ExpressionAttributeNames: { "#n": what },
    ExpressionAttributeValues: {
      ":amount": amount,
      ":last": limit - amount,
      ":expiresAtS": states.ttl(nowMs + keptMs),
    },
  });
  return { kind: done ? "taken" : "full", used: numberIn(item, what) };
}

/** Takes back what was counted for something that was then not made. */
export async function returnDaily(
  table: Table,
  { tenantId, day, what, amount }: { tenantId: string; day: string; what: Daily; amount: number },
): Promise<void> {
  await changeItem(table, "count for the day", {
    key: dayKey(tenantId, day),
    UpdateExpression: "ADD #n :less",
    // enough: what a lost reply has taken back already is not taken back below nothing.
    ConditionExpression: "#n >= :amount",
    ExpressionAttributeNames: { "#n": what },
    ExpressionAttributeValues: { ":less": -amount, ":amount": amount },
  });
}

export async function dailyUse(
  table: Table,
  tenantId: string,
  day: string,
): Promise<Record<Exclude<Daily, "questions" | "codes">, number>> {
  const item = await readItem(table, dayKey(tenantId, day));
  return { tasks: numberIn(item, "tasks"), outputBytes: numberIn(item, "outputBytes") };
}

export interface HoldingInput {
  tenantId: string;
  holding: Holding;
  nowMs: number;
}

/**
 * How long a full number must have stood still before it is counted anew: by then everything that was under way when it
 * last moved has ended (a function runs for 29 s), and every index has caught up.
 */
const stillMs = 60_000;

/**
 * Takes one unit. `count` counts what is there: asked once when there is no number yet, and where a full one has stood
 * still for a minute, in case that deaths have left it too high.
 */
export async function takeHolding(
  table: Table,
  input: HoldingInput & { limit: number; count: () => Promise<number> },
): Promise<Taken> {
  const first = await add(table, input);
  if (first.kind !== "absent" && first.kind !== "full") return first;
  const { limit, count, nowMs } = input;
  if (first.kind === "full" && (nowMs - first.changedAtMs < stillMs || limit <= 0)) return first;
  const counted = await count();
  if (first.kind === "full" && counted >= first.used) return first;
  await setHolding(table, input, counted, first.kind === "absent" ? undefined : first);
  // Whoever was first with setting it: the number is there now.
  const second = await add(table, input);
  return second.kind === "absent" ? { kind: "full", used: counted } : second;
}

async function add(
  table: Table,
  { tenantId, holding, nowMs, limit }: HoldingInput & { limit: number },
): Promise<{ kind: "taken"; used: number } | { kind: "full"; used: number; changedAtMs: number } | { kind: "absent" }> {
  const id = randomUUID();
  const { done, item } = await changeItem(table, `count ${holding}`, {
    key: holdingKey(tenantId, holding),
    UpdateExpression: "SET #n = #n + :one, changedAtMs = :now, takenLast = :id",
    ConditionExpression: `${room} AND (attribute_not_exists(takenLast) OR takenLast <> :id)`,
    ExpressionAttributeNames: { "#n": "held" },
    ExpressionAttributeValues: { ":one": 1, ":now": nowMs, ":id": id, ":last": limit - 1 },
  });
  if (item === undefined) return { kind: "absent" };
  const used = numberIn(item, "held");
  // Our own, whose reply was lost: the SDK has sent the very same call again.
  if (done || item["takenLast"] === id) return { kind: "taken", used };
  return { kind: "full", used, changedAtMs: numberIn(item, "changedAtMs") };
}

/** still: settles two that count anew, and one that takes or returns meanwhile. Only the number that was seen is set. */
const still = "held = :held AND changedAtMs = :changedAtMs";

async function setHolding(
  table: Table,
  { tenantId, holding, nowMs }: HoldingInput,
  counted: number,
  seen: { used: number; changedAtMs: number } | undefined,
): Promise<void> {
  await changeItem(table, `count ${holding}`, {
    key: holdingKey(tenantId, holding),
    UpdateExpression: "SET held = :counted, changedAtMs = :now",
    ConditionExpression: seen === undefined ? "attribute_not_exists(held)" : still,
    ExpressionAttributeValues: {
      ":counted": counted,
      ":now": nowMs,
      ...(seen === undefined ? {} : { ":held": seen.used, ":changedAtMs": seen.changedAtMs }),
    },
  });
}

/** returned: settles a call with its own repetition after a lost reply: the last one that was carried out is not again. */
const returned = "held > :none AND (attribute_not_exists(returnedLast) OR returnedLast <> :id)";

/** Gives one unit back: what it stood for has ended. Without a number there is nothing to give back to. */
export async function returnHolding(table: Table, { tenantId, holding, nowMs }: HoldingInput): Promise<void> {
  await changeItem(table, `count ${holding}`, {
    key: holdingKey(tenantId, holding),
    UpdateExpression: "SET held = held - :one, changedAtMs = :now, returnedLast = :id",
    ConditionExpression: returned,
    ExpressionAttributeValues: { ":one": 1, ":none": 0, ":now": nowMs, ":id": randomUUID() },
  });
}

/** Undefined where nothing was counted yet. */
export async function heldBy(table: Table, tenantId: string, holding: Holding): Promise<number | undefined> {
  const item = await readItem(table, holdingKey(tenantId, holding));
  return item === undefined ? undefined : numberIn(item, "held");
}

function numberIn(item: Record<string, unknown> | undefined, name: string): number {
  return Number(item?.[name] ?? 0);
}
