import { getNode } from "@steward/aws/records/node";
import type { Context, NodeCaller } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { markRemoved } from "./revoke-node.ts";

/**
 * A worker that is taken off its host says so itself, and is off the list at once: nobody is alarmed by its silence. Its
 * certificate is worth nothing from then on, so a repetition is refused, which says as much.
 */
export async function leave(deps: Pick<Context, "table" | "nowMs" | "log">, caller: NodeCaller): Promise<void> {
  const { tenantId, nodeId, requestId } = caller;
  await retryOnConflict(async () => {
    const node = await getNode(deps.table, { tenantId, nodeId });
    if (node === undefined || node.removedAtMs !== undefined) return;
    await markRemoved(deps, node, { who: nodeId, requestId });
  });
}
