import type { NodeView } from "@steward/contracts/node";

/**
 * An inventory of Ansible, in the form that it reads from a file: hosts with a few variables, and a group for each tag
 * (`site:berlin` is `site_berlin`). Ansible runs templates in variables, so what a machine says of itself is only in it
 * where it can be nothing else than a name.
 */
export function inventoryOf(nodes: readonly NodeView[]): object {
  const standing = nodes.filter((node) => node.revokedAt === undefined);
  const times = new Map<string, number>();
  for (const { name } of standing) times.set(name, (times.get(name) ?? 0) + 1);
  // Two of one name are two hosts.
  const hostOf = ({ name, id }: NodeView) => (times.get(name) === 1 ? name : `${name}.${id}`);
  const groups = new Map<string, string[]>();
  for (const node of standing) {
    for (const group of new Set([`${node.kind}s`, `health_${node.health}`, ...node.tags.map(groupOf)])) {
      const hosts = groups.get(group);
      if (hosts === undefined) groups.set(group, [hostOf(node)]);
      else hosts.push(hostOf(node));
    }
  }
  const empty = (hosts: readonly string[]) => Object.fromEntries(hosts.map((host) => [host, {}]));
  return {
    all: {
      hosts: Object.fromEntries(standing.map((node) => [hostOf(node), variablesOf(node)])),
      children: Object.fromEntries(
        [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([group, hosts]) => [group, { hosts: empty(hosts) }]),
      ),
    },
  };
}

/** Names of groups have letters, digits and underscores. A dot and a hyphen become the same: such tags share a group. */
function groupOf(tag: string): string {
  return tag.replaceAll(/[^A-Za-z0-9_]/g, "_");
}

const plainName = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$/;

function variablesOf(node: NodeView): Record<string, unknown> {
  const { hostname, agentVersion } = node;
  return {
    ...(hostname !== undefined && plainName.test(hostname) ? { ansible_host: hostname } : {}),
    steward_id: node.id,
    steward_kind: node.kind,
    steward_health: node.health,
    steward_tags: node.tags,
    ...(agentVersion !== undefined && plainName.test(agentVersion) ? { steward_agent_version: agentVersion } : {}),
  };
}
