import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Objects } from "@steward/aws/objects";
import { listNodes } from "@steward/aws/records/node";
import { type FleetSnapshot, fleetNode, packSnapshot, unpackSnapshot } from "@steward/core/fleet/snapshot";
import type { NodeState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";
import { presencesOf } from "./presences-of.ts";

/*
 * Where a tenant's nodes are listed from. Up to 200 are read from their records, which costs less than an object every
 * minute would and is never old; of more the sweep keeps a snapshot (decision 37).
 */

export interface WithFleets {
  objects: Pick<Objects, "put" | "getUnless">;
  fleetBucket: string;
}

/** Tenants with more nodes have a snapshot. */
export const snapshotAbove = 200;
/** A sweep comes every minute. A snapshot that two of them have not renewed says nothing true any more. */
const staleAfterMs = 150_000;

const pack = promisify(gzip);
const unpack = promisify(gunzip);
const keyOf = (tenantId: string) => `${tenantId}/nodes.json.gz`;

export async function saveFleet(deps: WithFleets, snapshot: FleetSnapshot): Promise<void> {
  const body = await pack(packSnapshot(snapshot), { level: 1 });
  await deps.objects.put(deps.fleetBucket, keyOf(snapshot.tenantId), body, { contentType: "application/gzip" });
}

/** A tenant's nodes, at most a minute old; of few as they are now. */
export async function loadFleet(
  deps: Pick<Context, "table" | "nowMs"> & WithFleets,
  tenantId: string,
): Promise<FleetSnapshot> {
  const isLarge = known(deps.objects).has(tenantId);
  const early = isLarge ? await fetchSnapshot(deps, tenantId) : undefined;
  if (early !== undefined) return early;
  const first = await listNodes(deps.table, tenantId, { limit: snapshotAbove });
  if (first.after !== undefined && !isLarge) {
    const snapshot = await fetchSnapshot(deps, tenantId);
    if (snapshot !== undefined) return snapshot;
  }
  const nodes = [...first.items];
  for (let after = first.after; after !== undefined; ) {
    const page = await listNodes(deps.table, tenantId, { limit: snapshotAbove, after });
    nodes.push(...page.items);
    after = page.after;
  }
  return fleetOfRecords(deps, tenantId, nodes);
}

async function fleetOfRecords(
  deps: Pick<Context, "table" | "nowMs">,
  tenantId: string,
  nodes: readonly NodeState[],
): Promise<FleetSnapshot> {
  const presences = await presencesOf(deps, nodes);
  const atMs = deps.nowMs();
  return { tenantId, atMs, nodes: nodes.map((node) => fleetNode(node, presences.get(node.nodeId), atMs)) };
}

interface Kept {
  etag: string;
  snapshot: FleetSnapshot;
}

/** Snapshots that an instance keeps, the one that was asked for last at the end. */
const kept = new WeakMap<object, Map<string, Kept>>();
const mostNodesKept = 30_000;

function known(objects: object): Map<string, Kept> {
  let found = kept.get(objects);
  if (found === undefined) {
    found = new Map();
    kept.set(objects, found);
  }
  return found;
}

/** Undefined where there is none that is fresh enough. */
async function fetchSnapshot(
  deps: Pick<Context, "nowMs"> & WithFleets,
  tenantId: string,
): Promise<FleetSnapshot | undefined> {
  const mine = known(deps.objects);
  const before = mine.get(tenantId);
  const answer = await deps.objects.getUnless(deps.fleetBucket, keyOf(tenantId), before?.etag);
  mine.delete(tenantId);
  if (answer === undefined) return undefined;
  let snapshot: FleetSnapshot | undefined;
  if (answer.kind === "same") snapshot = before?.snapshot;
  else snapshot = unpackSnapshot((await unpack(answer.body)).toString("utf8"));
  if (snapshot?.tenantId !== tenantId) return undefined;
  mine.set(tenantId, { etag: answer.kind === "same" ? (before?.etag ?? "") : answer.etag, snapshot });
  let nodes = [...mine.values()].reduce((sum, one) => sum + one.snapshot.nodes.length, 0);
  for (const [id, one] of mine) {
    if (nodes <= mostNodesKept || id === tenantId) break;
    mine.delete(id);
    nodes -= one.snapshot.nodes.length;
  }
  return deps.nowMs() - snapshot.atMs > staleAfterMs ? undefined : snapshot;
}
