import { getNode, replaceNode } from "@steward/aws/records/node";
import { commit } from "@steward/aws/table";
import type { NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/** Notes a health transition on the node's own record. Epochs order them: duplicates and stragglers change nothing. */
export async function noteTransition(deps: Pick<Context, "table" | "nowMs">, event: NodeEvent): Promise<void> {
  await retryOnConflict(async () => {
    const node = await getNode(deps.table, { tenantId: event.tenantId, nodeId: event.nodeId });
    if (node === undefined || node.removedAtMs !== undefined) return;
    if (event.epoch < node.healthEpoch || (event.epoch === node.healthEpoch && event.level === node.health)) return;
    const nowMs = deps.nowMs();
    await commit(deps.table, [
      replaceNode(node, {
        ...node,
        version: node.version + 1,
        health: event.level,
        healthEpoch: event.epoch,
        healthSinceMs: nowMs,
        updatedAtMs: nowMs,
      }),
    ]);
  });
}
