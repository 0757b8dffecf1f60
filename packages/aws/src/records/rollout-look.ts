import type { Table } from "../table.ts";
import { changeItem } from "./change.ts";

/*
 * When somebody will next look at a rollout of many. Its runs are counted anew with each look, and thousands of results
 * are no reason for thousands of counts: whoever has one asks here whether a look is coming that will see it.
 *
 *     result A  commit ── claim a look at 5 s ✓ ── message, delayed by 5 s
 *     result B     commit ── claim ✗ one comes at 5 s, and B is stored before it
 *
 * A claim whose message was never sent is over when its time is; until then the rollout's own due time is the worst case.
 */
const keyOf = ({ tenantId, rolloutId }: { tenantId: string; rolloutId: string }) => ({
  pk: `T#${tenantId}#RUN#${rolloutId.slice(rolloutId.indexOf("_") + 1)}#LOOK`,
  sk: rolloutId,
});

/** Clocks of two functions may differ by so much: a look that begins this soon may not see what is stored now. */
const tooSoonMs = 250;

/** True: nobody will look in time, and the caller has to see to it that somebody does at `atMs`. */
export async function claimLook(
  table: Table,
  key: { tenantId: string; rolloutId: string },
  { nowMs, atMs }: { nowMs: number; atMs: number },
): Promise<boolean> {
  const { done } = await changeItem(table, "claim a look at a rollout", {
    key: keyOf(key),
    UpdateExpression: "SET #at = :at",
    // Far ahead is no look that anybody asked for: a clock was wrong.
    ConditionExpression: "attribute_not_exists(#at) OR #at <= :soon OR #at > :far",
    ExpressionAttributeNames: { "#at": "lookAtMs" },
    ExpressionAttributeValues: { ":at": atMs, ":soon": nowMs + tooSoonMs, ":far": nowMs + 2 * (atMs - nowMs) },
  });
  return done;
}
