import { getNode, replaceNode } from "@steward/aws/records/node";
import { announce, getPresence } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { transition } from "@steward/core/node/health";
import type { NodeEvent } from "./accept-heartbeat.ts";
import type { Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

/**
 * Brings a node's own record to the health that its presence has now. The message says only where to look: late, doubled
 * or overtaken ones change nothing.
 *
 *     sweep      reads silent ── tells ── announce offline ✗ it has beaten
 *     heartbeat                      beats ✓ (healthy is what was announced: nothing due)
 *     here                  reads silent ── notes offline ── announce offline ✗ ── reads again ── notes healthy ✓
 *
 * So what was noted is also what was announced, or this is not done: the next change finds that there is something to tell.
 */
export async function noteTransition(
  deps: Pick<Context, "table" | "nowMs">,
  event: Pick<NodeEvent, "tenantId" | "nodeId">,
): Promise<void> {
  await retryOnConflict(async () => {
    // Before the presence: whoever has changed the node since then has seen a newer one.
    const node = await getNode(deps.table, { tenantId: event.tenantId, nodeId: event.nodeId });
    if (node === undefined || node.removedAtMs !== undefined) return;
    const presence = await getPresence(deps.table, event.nodeId);
    if (presence === undefined || presence.tenantId !== event.tenantId || presence.sequence === 0) return;
    const nowMs = deps.nowMs();
    const due = transition(presence, nowMs);
    const { level, epoch } = due ?? presence.announced;
    if (level !== node.health) {
      await commit(deps.table, [
        replaceNode(node, {
          ...node,
          version: node.version + 1,
          health: level,
          healthEpoch: Math.max(epoch, node.healthEpoch),
          healthSinceMs: nowMs,
          updatedAtMs: nowMs,
        }),
      ]);
    }
    if (due === undefined) return;
    const told = await announce(deps.table, {
      nodeId: event.nodeId,
      epochBefore: presence.announced.epoch,
      announced: due,
      ifSequence: presence.sequence,
    });
    if (!told) throw new AppError("conflict", "the node was heard of meanwhile");
  });
}
