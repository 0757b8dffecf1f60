import type { InstanceSecrets } from "@steward/aws/instance-secrets";
import { getNode } from "@steward/aws/records/node";
import { providerTenantId } from "@steward/contracts/ids";
import { resourceNames } from "@steward/contracts/names";
import { instanceNodes } from "@steward/contracts/worker-group";
import type { Context } from "./context.ts";
import { allNodes } from "./load-targets.ts";
import { markRemoved } from "./node-views.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/**
 * Takes an instance that has ended off the list, so that nobody is alarmed by its silence: both nodes are removed, their
 * certificates refused, and the secret is deleted. May be told again at any time. Answers how many nodes it removed.
 */
export async function retireInstance(
  deps: Pick<Context, "stage" | "table" | "nowMs" | "log"> & { instanceSecrets: InstanceSecrets },
  { instanceId }: { instanceId: string },
): Promise<number> {
  const { tag } = instanceNodes(instanceId);
  const nodes = (await allNodes(deps, providerTenantId)).filter((node) => node.tags.includes(tag));
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
