import { createHash, randomUUID } from "node:crypto";
import { checkItem, readItem, type Table, updateItem, type Write } from "../table.ts";

/*
 * Closes the gap between the gate's look and the start that it allows. Every change of what the gate looks at (freezes,
 * policy, windows, who may do what, a cancellation, a machine that is shut out) sets a new mark in its own transaction;
 * a start reads the mark before it asks the gate and is committed only while the mark is still that one.
 *
 *     start   read mark a ── ask the gate: allow ──────────────── commit if mark is a ✗ conflict: asked again, denied
 *     freeze                          commit freeze and mark b ✓
 *
 * A mark says that something changed, not what: a start that meets a change that does not concern it asks once more.
 */

/**
 * Starts of one tenant look at one of so many items: transactions on one item at the same time, even those that only look
 * at it, get into each other's way. A change sets them all.
 */
const shards = 8;

const partition = (tenantId: string | undefined) => (tenantId === undefined ? "SYS#GATE" : `T#${tenantId}#GATE`);
const keyOf = (tenantId: string | undefined, shard: number) => ({ pk: partition(tenantId), sk: `EPOCH#${shard}` });

export interface GateEpoch {
  tenantId: string;
  shard: number;
  /** Undefined: nothing was ever changed there. */
  tenant: string | undefined;
  everything: string | undefined;
}

/** The marks as they are now; read them before anything that the gate is told. `runId` spreads the starts. */
export async function readGateEpoch(
  table: Table,
  { tenantId, runId }: { tenantId: string; runId: string },
): Promise<GateEpoch> {
  const shard = (createHash("sha256").update(runId).digest()[0] ?? 0) % shards;
  const [tenant, everything] = await Promise.all([
    readItem(table, keyOf(tenantId, shard)),
    readItem(table, keyOf(undefined, shard)),
  ]);
  return { tenantId, shard, tenant: markOf(tenant), everything: markOf(everything) };
}

/** For the transaction that starts: nothing that the gate looks at has changed since `readGateEpoch`. */
export function gateUnchanged(epoch: GateEpoch): Write[] {
  return [still(epoch.tenantId, epoch.shard, epoch.tenant), still(undefined, epoch.shard, epoch.everything)];
}

/** For the transaction that changes what the gate looks at: in this tenant, or (undefined) in all of them. */
export function gateChanged(tenantId: string | undefined): Write[] {
  const mark = randomUUID();
  return Array.from({ length: shards }, (_, shard) =>
    updateItem("gate epoch", {
      Key: keyOf(tenantId, shard),
      UpdateExpression: "SET #mark = :mark",
      // Always so; a new mark is never the one of before.
      ConditionExpression: "attribute_not_exists(#mark) OR attribute_exists(#mark)",
      ExpressionAttributeNames: { "#mark": "mark" },
      ExpressionAttributeValues: { ":mark": mark },
    }),
  );
}

function still(tenantId: string | undefined, shard: number, mark: string | undefined): Write {
  return checkItem("gate epoch", {
    Key: keyOf(tenantId, shard),
    ...(mark === undefined
      ? { ConditionExpression: "attribute_not_exists(#mark)", ExpressionAttributeNames: { "#mark": "mark" } }
      : {
          ConditionExpression: "#mark = :mark",
          ExpressionAttributeNames: { "#mark": "mark" },
          ExpressionAttributeValues: { ":mark": mark },
        }),
  });
}

const markOf = (item: Record<string, unknown> | undefined): string | undefined =>
  typeof item?.["mark"] === "string" ? item["mark"] : undefined;
