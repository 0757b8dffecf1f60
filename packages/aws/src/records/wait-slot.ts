import type { Table } from "../table.ts";
import { changeItem } from "./change.ts";
import * as states from "./state.ts";

const keyOf = (principalId: string, slot: number) => ({ pk: `SYS#WAIT#${principalId}`, sk: `SLOT#${slot}` });

/** free: settles two calls that want one slot. The holder that died lets go at its time. */
const free = "attribute_not_exists(untilMs) OR untilMs <= :now OR #owner = :owner";
/** own: settles a late release with the next holder: only one's own slot is given back. */
const own = "#owner = :owner";

export interface WaitSlot {
  principalId: string;
  slot: number;
  owner: string;
}

/** One of the principal's `slots` to wait in, until then at most; undefined where all are taken. */
export async function takeWaitSlot(
  table: Table,
  input: { principalId: string; owner: string; slots: number; nowMs: number; untilMs: number },
): Promise<WaitSlot | undefined> {
  const { principalId, owner, slots, nowMs, untilMs } = input;
  for (let slot = 0; slot < slots; slot++) {
    const { done } = await changeItem(table, "take a place to wait in", {
      key: keyOf(principalId, slot),
      UpdateExpression: "SET #owner = :owner, untilMs = :until, expiresAtS = :expiresAtS",
      ConditionExpression: free,
      ExpressionAttributeNames: { "#owner": "owner" },
      ExpressionAttributeValues: {
        ":owner": owner,
        ":now": nowMs,
        ":until": untilMs,
        ":expiresAtS": states.ttl(untilMs + 3_600_000),
      },
    });
    if (done) return { principalId, slot, owner };
  }
  return undefined;
}

export async function releaseWaitSlot(table: Table, { principalId, slot, owner }: WaitSlot): Promise<void> {
  await changeItem(table, "give back a place to wait in", {
    key: keyOf(principalId, slot),
    UpdateExpression: "SET untilMs = :free",
    ConditionExpression: own,
    ExpressionAttributeNames: { "#owner": "owner" },
    ExpressionAttributeValues: { ":owner": owner, ":free": 0 },
  });
}
