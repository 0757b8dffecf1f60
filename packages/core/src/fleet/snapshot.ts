import type { Health, Metrics } from "@steward/contracts/heartbeat";
import type { Doorbell, NodeKind } from "@steward/contracts/node";
import { isOffline } from "../node/health.ts";
import type { NodeState, PresenceState } from "../node/node-state.ts";

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
    doorbell: node.doorbell,
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
