import type { Silence } from "@steward/core/fleet/silence";
import { changeItem } from "./change.ts";
import { checkItem, readItem, type Table, type Write } from "../table.ts";

/*
 * Whether many of a tenant's nodes are silent at once, as the sweep saw it last: what the alert `fleet-silent` is opened
 * and resolved by, and why a single node's silence opens none meanwhile. The sweep alone writes it.
 */

const keyOf = (tenantId: string) => ({ pk: `T#${tenantId}#FLEET`, sk: "SILENCE" });

/** Strongly consistent; undefined where there never was one. */
export async function getFleetSilence(table: Table, tenantId: string): Promise<Silence | undefined> {
  const item = await readItem(table, keyOf(tenantId));
  return item === undefined ? undefined : (item["silence"] as Silence);
}

/**
 * For the transaction of the alert that was decided on it. Settles a message that came late with the sweep: the alert of a
 * silence that is over by now would be ended by nobody.
 *
 *     message   reads open ─────────────────────────────── opens ✗ decides again: ended
 *     sweep                   ended ✓ ── its message: there is no alert to end
 */
export function isStillSilence(tenantId: string, { phase }: Silence): Write {
  return checkItem("fleet silence", {
    Key: keyOf(tenantId),
    ConditionExpression: "#silence.#phase = :phase",
    ExpressionAttributeNames: { "#silence": "silence", "#phase": "phase" },
    ExpressionAttributeValues: { ":phase": phase },
  });
}

/**
 * onlyForward: settles two sweeps that overlap: who has looked later has the last word.
 *
 *     A  looked at 1 ─────────────── open ✗ older than what is there: as good as done
 *     B     looked at 2 ── ended ✓
 */
const onlyForward = "attribute_not_exists(lookedAtMs) OR lookedAtMs <= :lookedAtMs";

export async function putFleetSilence(
  table: Table,
  { tenantId, silence, lookedAtMs }: { tenantId: string; silence: Silence; lookedAtMs: number },
): Promise<void> {
  await changeItem(table, "note a fleet's silence", {
    key: keyOf(tenantId),
    UpdateExpression: "SET silence = :silence, lookedAtMs = :lookedAtMs",
    ConditionExpression: onlyForward,
    ExpressionAttributeValues: { ":silence": silence, ":lookedAtMs": lookedAtMs },
  });
}
