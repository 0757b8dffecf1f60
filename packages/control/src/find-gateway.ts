import { getNode } from "@steward/aws/records/node";
import { createCache } from "@steward/aws/cache";
import { getPresence } from "@steward/aws/records/presence";
import { nodeIdSchema } from "@steward/contracts/ids";
import { gatewayOf, vouches } from "@steward/core/alert/node-alerts";
import type { NodeState, PresenceState } from "@steward/core/node/node-state";
import type { Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";

/** Names of a tenant's appliances. Only silent nodes with a gateway ask, and then mostly many with the same one. */
const names = createCache<ReadonlyMap<string, string>>(60_000);

/** Gateways behind gateways; whoever has more of them is told too much rather than nothing. */
const maxGateways = 8;

/**
 * The gateway that a silent node is behind, where its silence may be the gateway's. Undefined where there is none, or it
 * was heard meanwhile. Fails towards the alert: a gateway that is not there hides nothing, nor do those that stand in a
 * circle, where each would hide the next and nobody were told.
 */
export async function silencedBy(
  deps: Pick<Context, "table" | "nowMs">,
  node: NodeState,
  presence: PresenceState,
): Promise<string | undefined> {
  const first = await gatewayBefore(deps, node, presence);
  const seen = new Set([node.nodeId]);
  let next = first;
  while (next !== undefined) {
    if (seen.has(next.node.nodeId) || seen.size > maxGateways) return undefined;
    seen.add(next.node.nodeId);
    next = await gatewayBefore(deps, next.node, next.presence);
  }
  return first?.node.nodeId;
}

/** The one directly in front that may be why this one is silent. */
async function gatewayBefore(
  deps: Pick<Context, "table" | "nowMs">,
  node: NodeState,
  presence: PresenceState,
): Promise<{ node: NodeState; presence: PresenceState } | undefined> {
  const named = gatewayOf(node);
  if (named === undefined) return undefined;
  const { tenantId } = node;
  const gatewayId = nodeIdSchema.safeParse(named).success ? named : (await namesOf(deps, tenantId)).get(named);
  if (gatewayId === undefined) return undefined;
  const [gateway, heard] = await Promise.all([
    getNode(deps.table, { tenantId, nodeId: gatewayId }),
    getPresence(deps.table, gatewayId),
  ]);
  if (gateway === undefined || gateway.removedAtMs !== undefined || gateway.revokedAtMs !== undefined) return undefined;
  if (heard === undefined || heard.tenantId !== tenantId || heard.sequence === 0) return undefined;
  return vouches(heard, presence, deps.nowMs()) ? undefined : { node: gateway, presence: heard };
}

function namesOf(deps: Pick<Context, "table">, tenantId: string): Promise<ReadonlyMap<string, string>> {
  return names.get(tenantId, async () => {
    const nodes = await allNodes(deps, tenantId, "appliance");
    return new Map(nodes.map(({ name, nodeId }) => [name, nodeId]));
  });
}
