import type { HealthCounts } from "@steward/contracts/fleet";
import { type Health, healthLevels, type Metrics } from "@steward/contracts/heartbeat";
import type { NodeKind, NodeView } from "@steward/contracts/node";

/** What maps and graphs need to know of a machine. Ten thousand of them are held at once: no facts, no models. */
export interface FleetDot {
  id: string;
  name: string;
  tenantId: string;
  kind: NodeKind;
  health: Health;
  healthSince?: string;
  lastSeenAt?: string;
  tags: readonly string[];
  metrics?: Metrics;
  /** What it is not healthy for: the worst first. */
  causes?: readonly string[];
  /** Why nothing runs there, apart from its health. */
  shut?: "quarantined" | "revoked" | "unconfirmed";
}

export function dotOf(node: NodeView): FleetDot {
  const shut = shutOf(node);
  return {
    id: node.id,
    name: node.name,
    tenantId: node.tenantId,
    kind: node.kind,
    health: node.health,
    tags: node.tags,
    ...(node.healthSince === undefined ? {} : { healthSince: node.healthSince }),
    ...(node.lastSeenAt === undefined ? {} : { lastSeenAt: node.lastSeenAt }),
    ...(node.causes === undefined || node.causes.length === 0 ? {} : { causes: causesOf(node.causes) }),
    ...(node.metrics === undefined ? {} : { metrics: node.metrics }),
    ...(shut === undefined ? {} : { shut }),
  };
}

function causesOf(causes: NonNullable<NodeView["causes"]>): string[] {
  const rank = (level: string) => (level === "critical" ? 0 : 1);
  return causes.toSorted((a, b) => rank(a.level) - rank(b.level)).map(({ part }) => part);
}

function shutOf({ quarantinedAt, revokedAt, confirmed }: NodeView): FleetDot["shut"] {
  if (quarantinedAt !== undefined) return "quarantined";
  if (revokedAt !== undefined) return "revoked";
  return confirmed ? undefined : "unconfirmed";
}

/** How much somebody should look at it: what is broken comes before what is silent, and that before what only warns. */
const urgencies: Record<Health, number> = { critical: 0, offline: 1, warning: 2, healthy: 3 };
export function byUrgency(a: FleetDot, b: FleetDot): number {
  return urgencies[a.health] - urgencies[b.health] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

export function countHealth(dots: readonly { health: Health }[]): HealthCounts {
  const counts = { healthy: 0, warning: 0, critical: 0, offline: 0 };
  for (const { health } of dots) counts[health] += 1;
  return counts;
}
export function totalOf(counts: HealthCounts): number {
  return healthLevels.reduce((sum, level) => sum + counts[level], 0);
}

/** The worst level that somebody is at. */
export function worstOf(counts: HealthCounts): Health {
  if (counts.critical > 0) return "critical";
  if (counts.offline > 0) return "offline";
  return counts.warning > 0 ? "warning" : "healthy";
}

/**
 * A fleet that was read whole once, and of which those that are not well were read again, all of them. Who is not among
 * them is healthy now. `unknown`: one of them was not there before, so the whole is to be read again.
 */
export function withUnwell(
  before: readonly FleetDot[],
  unwell: readonly FleetDot[],
): { dots: readonly FleetDot[]; unknown: boolean } {
  const now = new Map(unwell.map((dot) => [dot.id, dot]));
  let changed = false;
  const dots = before.map((dot) => {
    const seen = now.get(dot.id);
    now.delete(dot.id);
    if (seen !== undefined) {
      changed ||=
        seen.health !== dot.health ||
        seen.healthSince !== dot.healthSince ||
        seen.shut !== dot.shut ||
        seen.causes?.join() !== dot.causes?.join();
      return seen;
    }
    if (dot.health === "healthy") return dot;
    changed = true;
    // Since when is not known: only that it is so.
    const { healthSince: _since, causes: _causes, ...rest } = dot;
    return { ...rest, health: "healthy" as const };
  });
  return { dots: changed ? dots : before, unknown: now.size > 0 };
}
