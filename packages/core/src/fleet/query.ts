import { defaults } from "@steward/contracts/defaults";
import type { HealthCounts, NodeFilter, NodeSort } from "@steward/contracts/fleet";
import type { FleetNode } from "./snapshot.ts";

/** Whether a node fits all that is asked for. */
export function matchesFilter(node: FleetNode, filter: { [Name in keyof NodeFilter]?: NodeFilter[Name] | undefined }) {
  const { kind, health, tag, version, q } = filter;
  if (kind !== undefined && node.kind !== kind) return false;
  if (health !== undefined && node.health !== health) return false;
  if (tag !== undefined && !node.tags.includes(tag)) return false;
  if (version !== undefined && node.agentVersion !== version) return false;
  if (q === undefined || q === "") return true;
  // Names, ids and tags are lower case by their rules; only what a machine calls itself may not be.
  const wanted = q.toLowerCase();
  const has = (text: string) => text.includes(wanted);
  return has(node.name) || has(node.hostname.toLowerCase()) || has(node.nodeId) || node.tags.some(has);
}

/** What no health level says: it beats as it should. */
export function needsAttention(node: FleetNode, nowMs: number): boolean {
  if (node.revoked) return false;
  if (node.quarantined) return true;
  const { certificateExpiresAtMs: endsMs } = node;
  return endsMs !== undefined && endsMs < nowMs + defaults.certificateWarningSeconds * 1000;
}

const worstFirst = ["critical", "offline", "warning", "healthy"];

/** It has enrolled, and waits for somebody who compares its key with its screen. */
export function needsConfirmation({ confirmed, quarantined, revoked }: FleetNode): boolean {
  return !confirmed && !quarantined && !revoked;
}

/** What a list is sorted by; the latest and the highest come first where that is what people look for. */
const keys: Record<NodeSort, (node: FleetNode) => string | number> = {
  id: (node) => node.nodeId,
  name: (node) => node.name,
  health: (node) => worstFirst.indexOf(node.health),
  seen: (node) => -(node.lastSeenAtMs ?? 0),
  cpu: (node) => -(node.metrics?.cpuPercent ?? -1),
  memory: (node) => -(node.metrics?.memoryPercent ?? -1),
  disk: (node) => -(node.metrics?.diskPercent ?? -1),
  load: (node) => -(node.metrics?.loadAverage1m ?? -1),
  version: (node) => node.agentVersion ?? "",
};

type Place = [key: string | number, nodeId: string];

/**
 * A page of a fleet, and where the next one begins: behind a value and an id, so that it goes on where it was however the
 * fleet has changed between the two.
 */
export function pageOfFleet(
  nodes: readonly FleetNode[],
  query: {
    isChosen: (node: FleetNode) => boolean;
    limit: number;
    after?: string | undefined;
    sort?: NodeSort;
    order?: "asc" | "desc";
  },
): { nodes: FleetNode[]; after?: string } {
  const { limit, sort = "id", order = "asc" } = query;
  const keyOf = keys[sort];
  const sign = order === "asc" ? 1 : -1;
  const isBefore = (a: Place, b: Place) => sign * compare(a, b) < 0;
  const after = query.after === undefined ? undefined : placeOf(query.after);
  // The first of all and one more, in order: sorting ten thousand for fifty takes longer than all the rest of a page.
  const first: { place: Place; node: FleetNode }[] = [];
  for (const node of nodes) {
    if (!query.isChosen(node)) continue;
    const place: Place = [keyOf(node), node.nodeId];
    if (after !== undefined && !isBefore(after, place)) continue;
    const last = first.at(-1);
    if (first.length > limit && last !== undefined && !isBefore(place, last.place)) continue;
    first.splice(
      placeIn(first, (one) => isBefore(one.place, place)),
      0,
      { place, node },
    );
    if (first.length > limit + 1) first.pop();
  }
  const page = first.slice(0, limit);
  const last = page.at(-1);
  return {
    nodes: page.map(({ node }) => node),
    ...(first.length > limit && last !== undefined ? { after: JSON.stringify(last.place) } : {}),
  };
}

function compare([key, id]: Place, [otherKey, otherId]: Place): number {
  if (key !== otherKey) return key < otherKey ? -1 : 1;
  return id === otherId ? 0 : id < otherId ? -1 : 1;
}

/** Where in a sorted list the first one is that does not come before. */
function placeIn<T>(sorted: readonly T[], comesBefore: (item: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const item = sorted[middle];
    if (item !== undefined && comesBefore(item)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sealed by us; of an older build it is an id alone. */
function placeOf(text: string): Place {
  return text.startsWith("[") ? (JSON.parse(text) as Place) : [text, text];
}

export function countHealth(nodes: Iterable<Pick<FleetNode, "health">>): HealthCounts {
  const counts: HealthCounts = { healthy: 0, warning: 0, critical: 0, offline: 0 };
  for (const { health } of nodes) counts[health] += 1;
  return counts;
}
