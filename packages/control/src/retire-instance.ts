import type { InstanceSecrets } from "@steward/aws/instance-secrets";
import { getNode } from "@steward/aws/records/node";
import { providerTenantId } from "@steward/contracts/ids";
import { resourceNames } from "@steward/contracts/names";
import { instanceOf } from "@steward/contracts/worker-group";
import { isOffline } from "@steward/core/node/health";
import type { Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";
import { presencesOf } from "./presences-of.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { markRemoved } from "./revoke-node.ts";

/**
 * Takes an instance that has ended off the list, so that nobody is alarmed by its silence: both nodes are removed, their
 * certificates refused, and the secret is deleted. May be told again at any time. Answers how many nodes it removed.
 */
export async function retireInstance(
  deps: Pick<Context, "stage" | "table" | "nowMs" | "log"> & { instanceSecrets: InstanceSecrets },
  { instanceId }: { instanceId: string },
): Promise<number> {
  const nodes = (await allNodes(deps, providerTenantId)).filter(({ tags }) => instanceOf(tags) === instanceId);
  for (const { tenantId, nodeId } of nodes) {
    await retryOnConflict(async () => {
      const node = await getNode(deps.table, { tenantId, nodeId });
      if (node === undefined || node.removedAtMs !== undefined) return;
      await markRemoved(deps, node, { who: "steward:instances" });
    });
  }
  await deps.instanceSecrets.remove(resourceNames(deps.stage).instanceSecret(instanceId));
  deps.log("info", "instance_retired", { instanceId, nodes: nodes.length });
  return nodes.length;
}

/**
 * Retires the instances whose end nobody told of: EventBridge hears of a group by best effort. One counts as lost when the
 * group has it no longer *and* its nodes are silent, so that a group that answers with too little takes nobody from work.
 */
export async function retireLostInstances(
  deps: Parameters<typeof retireInstance>[0] & { instances: () => Promise<ReadonlySet<string>> },
): Promise<number> {
  const nodes = (await allNodes(deps, providerTenantId)).filter(({ tags }) => instanceOf(tags) !== undefined);
  if (nodes.length === 0) return 0;
  const presences = await presencesOf(deps, nodes);
  const nowMs = deps.nowMs();
  const alive = nodes.filter(({ nodeId }) => {
    const presence = presences.get(nodeId);
    return presence !== undefined && !isOffline(presence, nowMs);
  });
  const kept = await deps.instances();
  const living = new Set(alive.map(({ tags }) => instanceOf(tags)));
  const lost = new Set(
    nodes.flatMap(({ tags }) => instanceOf(tags) ?? []).filter((id) => !kept.has(id) && !living.has(id)),
  );
  for (const instanceId of lost) {
    deps.log("warn", "instance_lost", { instanceId });
    await retireInstance(deps, { instanceId });
  }
  return lost.size;
}
