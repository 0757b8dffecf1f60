import type { IngestState, Silence } from "@steward/core/fleet/silence";
import { createItem, type Item, readItem, replaceItem, type Table, type Write } from "../table.ts";

/*
 * What one sweep leaves to the next: where to go on, and which fleets it found silent. There is one sweep at a time; where
 * two overlap, the version lets one of them keep its findings, and the other's are found again a minute later.
 */

const key = { pk: "SYS#SWEEP", sk: "STATE" };

export interface SweepState {
  version: number;
  /** The shard that the last one did not come to; 0 where it came round. */
  nextShard: number;
  /** The newest step of history that all tenants have. */
  historyStepMs: number;
  ingest: IngestState & { tenantId?: string };
  /** By tenant; `told`: the tenant's own record says it, and a message was sent. */
  silences: Record<string, { silence: Silence; told: boolean }>;
  /** Tenants whose silence has ended: in these shards who is still gone is to be looked at once more. */
  looks?: Record<string, number[]>;
}

/** Strongly consistent; as before the first sweep where there was none. */
export async function getSweepState(table: Table): Promise<SweepState> {
  const item = await readItem(table, key);
  if (item === undefined) return { version: 0, nextShard: 0, historyStepMs: 0, ingest: {}, silences: {} };
  return { ...(item["state"] as Omit<SweepState, "version">), version: Number(item["version"]) };
}

/** Throws `conflict` where another sweep was first. */
export function putSweepState(previous: SweepState, next: SweepState): Write {
  const { version, ...state } = next;
  const item: Item = { ...key, version, state };
  return previous.version === 0 ? createItem("sweep", item) : replaceItem("sweep", item, previous.version);
}
