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
  v: 1;
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

/** A node as the object holds it: a list in a fixed order, as names of fields would be two thirds of it. */
type Row = [
  nodeId: string,
  name: string,
  hostname: string,
  tags: readonly string[],
  /** Bits, from the lowest: worker, ssm, confirmed, quarantined, revoked. */
  flags: number,
  level: number,
  healthSinceMs: number,
  certificateExpiresAtMs: number | null,
  lastSeenAtMs: number | null,
  intervalSeconds: number,
  agentVersion: string | null,
  metrics: readonly number[] | null,
  capacity: readonly number[] | null,
];

export function packSnapshot(snapshot: FleetSnapshot): string {
  const nodes = snapshot.nodes.map((node): Row => {
    const flags = [node.kind === "worker", node.doorbell === "ssm", node.confirmed, node.quarantined, node.revoked];
    const { metrics, capacity } = node;
    return [
      node.nodeId,
      node.name,
      node.hostname,
      node.tags,
      flags.reduce((bits, isSet, place) => bits + (isSet ? 2 ** place : 0), 0),
      healthLevels.indexOf(node.health),
      node.healthSinceMs,
      node.certificateExpiresAtMs ?? null,
      node.lastSeenAtMs ?? null,
      node.intervalSeconds,
      node.agentVersion ?? null,
      metrics === undefined
        ? null
        : [
            metrics.cpuPercent,
            metrics.memoryPercent,
            metrics.diskPercent,
            metrics.loadAverage1m,
            metrics.uptimeSeconds,
          ],
      capacity === undefined ? null : [capacity.slots, capacity.used],
    ];
  });
  return JSON.stringify({ v: snapshot.v, tenantId: snapshot.tenantId, atMs: snapshot.atMs, nodes });
}

/** Undefined for a shape that this build does not know: what it says is read from the records then. */
export function unpackSnapshot(text: string): FleetSnapshot | undefined {
  const stored = JSON.parse(text) as { v: number; tenantId: string; atMs: number; nodes: Row[] };
  if (stored.v !== 1) return undefined;
  return { v: 1, tenantId: stored.tenantId, atMs: stored.atMs, nodes: stored.nodes.map(nodeOf) };
}

/** Without spreads: ten thousand of them are a page's time. */
function nodeOf(row: Row): FleetNode {
  const [nodeId, name, hostname, tags, flags, level, healthSinceMs, expires, seen, intervalSeconds, version] = row;
  const [metrics, capacity] = [row[11], row[12]];
  const node: FleetNode = {
    nodeId,
    kind: (flags & 1) === 0 ? "appliance" : "worker",
    name,
    hostname,
    tags,
    doorbell: (flags & 2) === 0 ? "pull" : "ssm",
    health: healthLevels[level] ?? "offline",
    healthSinceMs,
    confirmed: (flags & 4) !== 0,
    quarantined: (flags & 8) !== 0,
    revoked: (flags & 16) !== 0,
    intervalSeconds,
  };
  if (expires !== null) node.certificateExpiresAtMs = expires;
  if (seen !== null) node.lastSeenAtMs = seen;
  if (version !== null) node.agentVersion = version;
  if (metrics !== null) {
    const [cpuPercent = 0, memoryPercent = 0, diskPercent = 0, loadAverage1m = 0, uptimeSeconds = 0] = metrics;
    node.metrics = { cpuPercent, memoryPercent, diskPercent, loadAverage1m, uptimeSeconds };
  }
  if (capacity !== null) node.capacity = { slots: capacity[0] ?? 0, used: capacity[1] ?? 0 };
  return node;
}
