import { batchGetPresence } from "@steward/aws/records/presence";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";

/** The one place that reads SYS records for a tenant: it drops what is another tenant's. */
export async function presencesOf(
  deps: Pick<Context, "table">,
  nodes: readonly NodeState[],
): Promise<Map<string, PresenceState>> {
  const presences = await batchGetPresence(
    deps.table,
    nodes.map((node) => node.nodeId),
  );
  const tenantOf = new Map(nodes.map((node) => [node.nodeId, node.tenantId]));
  return new Map(
    presences
      .filter((presence) => tenantOf.get(presence.nodeId) === presence.tenantId)
      .map((presence) => [presence.nodeId, presence]),
  );
}
