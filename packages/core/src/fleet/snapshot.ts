import { type Health, healthLevels, type Metrics } from "@steward/contracts/heartbeat";
import type { Doorbell, NodeKind } from "@steward/contracts/node";
import { isOffline } from "../node/health.ts";
import { doorbellOf, type NodeState, type PresenceState } from "../node/node-state.ts";

/** A node as lists, searches and counts need it. */
export interface FleetNode {
  nodeId: string;
  kind: NodeKind;
  name: string;
  hostname: string;
  tags: readonly string[];
  doorbell: Doorbell;
  health: Health;
  healthSinceMs: number;
  confirmed: boolean;
  quarantined: boolean;
  revoked: boolean;
  certificateExpiresAtMs?: number;
  /** Absent: it has never beaten. */
  lastSeenAtMs?: number;
  intervalSeconds: number;
  agentVersion?: string;
  metrics?: Metrics;
  capacity?: { slots: number; used: number };
}

/** All nodes of a tenant as they were at one time, by id. */
export interface FleetSnapshot {
  tenantId: string;
  atMs: number;
  nodes: readonly FleetNode[];
}

/** A node's health as it is shown: the announced one, but never fresher than the last heartbeat allows. */
export function shownHealth(
  node: Pick<NodeState, "health">,
  presence:
    | Pick<PresenceState, "sequence" | "lastSeenAtMs" | "intervalSeconds" | "directive" | "announced">
    | undefined,
  nowMs: number,
): Health {
  if (presence === undefined || isOffline(presence, nowMs)) return "offline";
  return presence.announced.level === "offline" ? node.health : presence.announced.level;
}

export type SeenPresence = Pick<
  PresenceState,
  | "sequence"
  | "lastSeenAtMs"
  | "intervalSeconds"
  | "directive"
  | "announced"
  | "certificate"
  | "agentVersion"
  | "m1"
  | "capacity"
>;

export function fleetNode(node: NodeState, presence: SeenPresence | undefined, nowMs: number): FleetNode {
  const seen = presence !== undefined && presence.sequence > 0 ? presence : undefined;
  const health = shownHealth(node, seen, nowMs);
  return {
    nodeId: node.nodeId,
    kind: node.kind,
    name: node.name,
    hostname: node.hostname,
    tags: node.tags,
    doorbell: doorbellOf(node),
    health,
    // The heartbeat knows a new level before the house has noted it; until then it is since the last beat.
    healthSinceMs:
      health === node.health || seen === undefined
        ? node.healthSinceMs
        : Math.max(node.healthSinceMs, seen.lastSeenAtMs),
    confirmed: node.confirmedAtMs !== undefined && node.quarantinedAtMs === undefined && node.revokedAtMs === undefined,
    quarantined: node.quarantinedAtMs !== undefined,
    revoked: node.revokedAtMs !== undefined,
    ...(presence?.certificate.expiresAtMs === undefined
      ? {}
      : { certificateExpiresAtMs: presence.certificate.expiresAtMs }),
    ...(seen === undefined ? {} : { lastSeenAtMs: seen.lastSeenAtMs }),
    intervalSeconds: Math.max(presence?.intervalSeconds ?? 0, presence?.directive.intervalSeconds ?? 0),
    ...(presence?.agentVersion === undefined ? {} : { agentVersion: presence.agentVersion }),
    ...(presence?.m1 === undefined ? {} : { metrics: presence.m1 }),
    ...(presence?.capacity === undefined ? {} : { capacity: presence.capacity }),
  };
}

/**
 * All nodes as the object holds them: a list for each field, with a node's value at the node's place. Names of fields would
 * be two thirds of it, and lists of numbers are read three times as fast as a list for each node. What many nodes have in
 * common is there once, and times count from the snapshot's own.
 */
interface Columns {
  nodeId: string[];
  name: string[];
  hostname: string[];
  /** Places in `tagLists`. */
  tags: number[];
  tagLists: (readonly string[])[];
  /** Bits, from the lowest: worker, ssm, confirmed, quarantined, revoked. */
  flags: number[];
  /** Places in `healthLevels`. */
  health: number[];
  healthSinceMs: number[];
  certificateExpiresAtMs: (number | null)[];
  lastSeenAtMs: (number | null)[];
  intervalSeconds: number[];
  /** Places in `versions`. */
  agentVersion: (number | null)[];
  versions: string[];
  /** Null: no metrics; then the others are as well. */
  cpuPercent: (number | null)[];
  memoryPercent: (number | null)[];
  diskPercent: (number | null)[];
  loadAverage1m: (number | null)[];
  uptimeSeconds: (number | null)[];
  /** Of the few that have one, with the node's place. */
  capacity: [place: number, slots: number, used: number][];
}

interface Stored {
  v: 2;
  tenantId: string;
  atMs: number;
  columns: Columns;
}

export function packSnapshot({ tenantId, atMs, nodes }: FleetSnapshot): string {
  const tagLists = createPlaces<readonly string[]>(JSON.stringify);
  const versions = createPlaces<string>(String);
  const sinceMs = (timeMs: number | undefined) => (timeMs === undefined ? null : timeMs - atMs);
  const metric = (name: keyof Metrics) => nodes.map(({ metrics }) => metrics?.[name] ?? null);
  const columns: Columns = {
    nodeId: nodes.map(({ nodeId }) => nodeId),
    name: nodes.map(({ name }) => name),
    hostname: nodes.map(({ hostname }) => hostname),
    tags: nodes.map(({ tags }) => tagLists.placeOf(tags)),
    tagLists: tagLists.list,
    flags: nodes.map((node) => {
      const flags = [node.kind === "worker", node.doorbell === "ssm", node.confirmed, node.quarantined, node.revoked];
      return flags.reduce((bits, isSet, place) => bits + (isSet ? 2 ** place : 0), 0);
    }),
    health: nodes.map(({ health }) => healthLevels.indexOf(health)),
    healthSinceMs: nodes.map(({ healthSinceMs }) => healthSinceMs - atMs),
    certificateExpiresAtMs: nodes.map(({ certificateExpiresAtMs }) => sinceMs(certificateExpiresAtMs)),
    lastSeenAtMs: nodes.map(({ lastSeenAtMs }) => sinceMs(lastSeenAtMs)),
    intervalSeconds: nodes.map(({ intervalSeconds }) => intervalSeconds),
    agentVersion: nodes.map(({ agentVersion }) => (agentVersion === undefined ? null : versions.placeOf(agentVersion))),
    versions: versions.list,
    cpuPercent: metric("cpuPercent"),
    memoryPercent: metric("memoryPercent"),
    diskPercent: metric("diskPercent"),
    loadAverage1m: metric("loadAverage1m"),
    uptimeSeconds: metric("uptimeSeconds"),
    capacity: nodes.flatMap(({ capacity }, place) =>
      capacity === undefined ? [] : [[place, capacity.slots, capacity.used]],
    ),
  };
  return JSON.stringify({ v: 2, tenantId, atMs, columns });
}

/** Different values in the order in which they were first seen. */
function createPlaces<T>(keyOf: (value: T) => string): { list: T[]; placeOf(value: T): number } {
  const places = new Map<string, number>();
  const list: T[] = [];
  return {
    list,
    placeOf(value) {
      const key = keyOf(value);
      const known = places.get(key);
      if (known !== undefined) return known;
      places.set(key, list.length);
      return list.push(value) - 1;
    },
  };
}

/** Undefined for a shape that this build does not know: what it says is read from the records then. */
export function unpackSnapshot(text: string): FleetSnapshot | undefined {
  const stored = JSON.parse(text) as Stored;
  if (stored.v !== 2) return undefined;
  const { tenantId, atMs, columns } = stored;
  const nodes = columns.nodeId.map((_, place) => nodeAt(columns, place, atMs));
  for (const [place, slots, used] of columns.capacity) {
    const node = nodes[place];
    if (node !== undefined) node.capacity = { slots, used };
  }
  return { tenantId, atMs, nodes };
}

/** Without spreads: ten thousand of them are a page's time. */
function nodeAt(columns: Columns, place: number, atMs: number): FleetNode {
  const flags = columns.flags[place] ?? 0;
  const node: FleetNode = {
    nodeId: columns.nodeId[place] ?? "",
    kind: (flags & 1) === 0 ? "appliance" : "worker",
    name: columns.name[place] ?? "",
    hostname: columns.hostname[place] ?? "",
    tags: columns.tagLists[columns.tags[place] ?? -1] ?? [],
    doorbell: (flags & 2) === 0 ? "pull" : "ssm",
    health: healthLevels[columns.health[place] ?? -1] ?? "offline",
    healthSinceMs: atMs + (columns.healthSinceMs[place] ?? 0),
    confirmed: (flags & 4) !== 0,
    quarantined: (flags & 8) !== 0,
    revoked: (flags & 16) !== 0,
    intervalSeconds: columns.intervalSeconds[place] ?? 0,
  };
  const expiresMs = columns.certificateExpiresAtMs[place] ?? null;
  if (expiresMs !== null) node.certificateExpiresAtMs = atMs + expiresMs;
  const seenMs = columns.lastSeenAtMs[place] ?? null;
  if (seenMs !== null) node.lastSeenAtMs = atMs + seenMs;
  const version = columns.versions[columns.agentVersion[place] ?? -1];
  if (version !== undefined) node.agentVersion = version;
  const cpuPercent = columns.cpuPercent[place] ?? null;
  if (cpuPercent !== null) {
    node.metrics = {
      cpuPercent,
      memoryPercent: columns.memoryPercent[place] ?? 0,
      diskPercent: columns.diskPercent[place] ?? 0,
      loadAverage1m: columns.loadAverage1m[place] ?? 0,
      uptimeSeconds: columns.uptimeSeconds[place] ?? 0,
    };
  }
  return node;
}
