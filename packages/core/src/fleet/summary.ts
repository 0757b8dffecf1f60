import type { ClusterStats, FleetHealth, HealthCounts, Topology } from "@steward/contracts/fleet";
import type { NodeKind } from "@steward/contracts/node";
import { countHealth } from "./query.ts";
import type { FleetNode, FleetSnapshot } from "./snapshot.ts";

/** The nodes of a tenant, or of all tenants, by kind and health. */
export interface FleetCounts {
  atMs: number;
  byKind: Readonly<Record<NodeKind, HealthCounts>>;
}

const mostVersions = 20;
const mostPlaces = 500;

/** Who is shut out is nobody's concern. */
const standing = ({ nodes }: FleetSnapshot) => nodes.filter((node) => !node.revoked);
const byKind = (nodes: readonly FleetNode[]) => ({
  appliance: countHealth(nodes.filter(({ kind }) => kind === "appliance")),
  worker: countHealth(nodes.filter(({ kind }) => kind === "worker")),
});

export function healthOf(snapshot: FleetSnapshot): Omit<FleetHealth, "asOf"> {
  const nodes = standing(snapshot);
  const versions = new Map<string, number>();
  for (const { agentVersion } of nodes) {
    if (agentVersion !== undefined) versions.set(agentVersion, (versions.get(agentVersion) ?? 0) + 1);
  }
  return {
    total: nodes.length,
    counts: countHealth(nodes),
    byKind: byKind(nodes),
    versions: [...versions]
      .map(([version, count]) => ({ version, nodes: count }))
      .sort((a, b) => b.nodes - a.nodes || (a.version < b.version ? -1 : 1))
      .slice(0, mostVersions),
  };
}

/** Sites and gateways, the largest first. A node with two sites counts in both. */
export function topologyOf(snapshot: FleetSnapshot): Omit<Topology, "asOf" | "workers"> {
  const nodes = standing(snapshot);
  const sites = groupsOf(nodes, "site:");
  const gateways = groupsOf(nodes, "gateway:");
  // A gateway is named by its name or by its id.
  const byName = new Map(nodes.flatMap((node) => [[node.nodeId, node] as const, [node.name, node] as const]));
  return {
    sites: sites.slice(0, mostPlaces),
    gateways: gateways.slice(0, mostPlaces).map((gateway) => {
      const node = byName.get(gateway.name);
      return node === undefined ? gateway : { ...gateway, node: { id: node.nodeId, health: node.health } };
    }),
    elsewhere: countHealth(nodes.filter(({ tags }) => !tags.some((tag) => tag.startsWith("site:")))),
    more: sites.length > mostPlaces || gateways.length > mostPlaces,
  };
}

function groupsOf(nodes: readonly FleetNode[], prefix: string) {
  const groups = new Map<string, FleetNode[]>();
  for (const node of nodes) {
    for (const tag of node.tags) {
      if (!tag.startsWith(prefix)) continue;
      const name = tag.slice(prefix.length);
      const known = groups.get(name);
      if (known === undefined) groups.set(name, [node]);
      else known.push(node);
    }
  }
  return [...groups]
    .map(([name, members]) => ({ name, nodes: members.length, counts: countHealth(members) }))
    .sort((a, b) => b.nodes - a.nodes || (a.name < b.name ? -1 : 1));
}

export function statsOf(snapshot: FleetSnapshot): Omit<ClusterStats, "asOf" | "workers"> {
  const nodes = standing(snapshot);
  const inTouch = nodes.filter(({ health }) => health !== "offline");
  const measured = inTouch.flatMap(({ metrics }) => (metrics === undefined ? [] : [metrics]));
  const mean = (name: "cpuPercent" | "memoryPercent" | "diskPercent") =>
    Math.round((measured.reduce((sum, metrics) => sum + metrics[name], 0) / measured.length) * 10) / 10;
  const perMinute = inTouch.reduce((sum, node) => sum + 60 / Math.max(1, node.intervalSeconds), 0);
  return {
    nodes: byKind(nodes),
    ...(measured.length === 0
      ? {}
      : {
          means: {
            cpuPercent: mean("cpuPercent"),
            memoryPercent: mean("memoryPercent"),
            diskPercent: mean("diskPercent"),
          },
        }),
    heartbeatsPerMinute: Math.round(perMinute * 10) / 10,
  };
}
