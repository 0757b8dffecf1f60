import { PutCommand } from "@aws-sdk/lib-dynamodb";
import type { FleetSums } from "@steward/core/fleet/history";
import { historyKeptMs } from "@steward/core/fleet/history";
import { calling } from "../faults.ts";
import { type Item, queryItems, type Table } from "../table.ts";
import * as states from "./state.ts";

/*
 * A tenant's metrics by steps of time: one item for a step and a part of its nodes, which is written once and ends by
 * itself. Written again it is the same: a step is taken from what presence says at the time, and nothing hangs on which.
 */

const keyOf = (tenantId: string, part: number, stepMs: number) => ({
  pk: `T#${tenantId}#HISTORY#${part}`,
  sk: String(stepMs).padStart(15, "0"),
});

export interface HistoryItem {
  stepMs: number;
  /** In how many parts the tenant's nodes were kept then. */
  parts: number;
  /** `packSamples` */
  samples: Uint8Array;
  /** Of the whole fleet; only in part 0. */
  sums?: FleetSums;
}

export async function putHistory(table: Table, input: HistoryItem & { tenantId: string; part: number }): Promise<void> {
  const { tenantId, part, stepMs, parts, samples, sums } = input;
  await calling("keep a step of the history", () =>
    table.client.send(
      new PutCommand({
        TableName: table.name,
        Item: {
          ...keyOf(tenantId, part, stepMs),
          parts,
          samples,
          ...(sums === undefined ? {} : { sums }),
          expiresAtS: states.ttl(stepMs + historyKeptMs),
        },
      }),
    ),
  );
}

/** The steps of a part since a time, oldest first; at most a week of them. Eventually consistent: it is a plot. */
export async function listHistory(
  table: Table,
  { tenantId, part, sinceMs }: { tenantId: string; part: number; sinceMs: number },
): Promise<HistoryItem[]> {
  const { pk, sk } = keyOf(tenantId, part, sinceMs - 1);
  const { items } = await queryItems(table, states.queryOf({ pk, behind: sk }));
  return items.map(historyOf);
}

function historyOf(item: Item): HistoryItem {
  const { samples, sums } = item;
  return {
    stepMs: Number(item["sk"]),
    parts: Number(item["parts"]),
    samples: samples instanceof Uint8Array ? samples : new Uint8Array(),
    ...(sums === undefined ? {} : { sums: sums as FleetSums }),
  };
}
