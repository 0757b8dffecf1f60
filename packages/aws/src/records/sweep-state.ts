import type { IngestState, Silence } from "@steward/core/fleet/silence";
import type { FleetCounts } from "@steward/core/fleet/summary";
import { presenceShards } from "./presence-item.ts";
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
  /** Everybody's nodes, as of the last sweep that came round and found others than before. Absent: none has. */
  fleet?: FleetCounts;
  /** By tenant; `told`: the tenant's own record says it, and a message was sent. */
  silences: Record<string, { silence: Silence; told: boolean }>;
  /** Tenants whose silence has ended: in these shards who is still gone is to be looked at once more. */
  looks?: Record<string, number[]>;
}

/** Strongly consistent; as before the first sweep where there was none. */
export async function getSweepState(table: Table): Promise<SweepState> {
  const item = await readItem(table, key);
  if (item === undefined) return { version: 0, nextShard: 0, historyStepMs: 0, ingest: {}, silences: {} };
  const { looks, ...state } = item["state"] as Omit<SweepState, "version" | "looks"> & {
    looks?: Record<string, string | number[]>;
  };
  return {
    ...state,
    version: Number(item["version"]),
    ...(looks === undefined ? {} : { looks: mapValues(looks, unpackShards) }),
  };
}

/** Throws `conflict` where another sweep was first. */
export function putSweepState(previous: SweepState, next: SweepState): Write {
  const { version, looks, ...state } = next;
  const packed = looks === undefined ? {} : { looks: mapValues(looks, packShards) };
  const item: Item = { ...key, version, state: { ...state, ...packed } };
  return previous.version === 0 ? createItem("sweep", item) : replaceItem("sweep", item, previous.version);
}

/** A bit for each shard: all tenants are in one item, which must not grow by a list of 64 numbers for each. */
export function packShards(shards: readonly number[]): string {
  const bits = shards.reduce((sum, shard) => sum | (1n << BigInt(shard)), 0n);
  return bits.toString(16).padStart(presenceShards / 4, "0");
}

/** Also the list that an earlier version wrote. */
export function unpackShards(stored: string | readonly number[]): number[] {
  if (typeof stored !== "string") return [...stored];
  const bits = BigInt(`0x${stored}`);
  return Array.from({ length: presenceShards }, (_, shard) => shard).filter((shard) => (bits >> BigInt(shard)) & 1n);
}

function mapValues<From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
