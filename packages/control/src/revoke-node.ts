import { replaceCertificate } from "@steward/aws/records/certificate";
import { gateChanged } from "@steward/aws/records/gate-epoch";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { getPresence, newestCertificate, revokePresence } from "@steward/aws/records/presence";
import { commit, type Write } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import type { NodeState } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import { certificateChain, longestChain } from "./certificate-chain.ts";
import type { Caller, Context } from "./context.ts";
import { releaseAppliance } from "./quotas.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

export interface ByWhom {
  who: string;
  requestId?: string;
}

/**
 * Shuts a node out. From the moment this returns nothing that it has counts: its heartbeat's own write, and every read at
 * the nodes door, find its presence revoked. So no envelope is handed out, no run starts, no result, place for output or
 * job is taken, and no certificate is issued. What it was given before (upload URLs) is worthless: an object counts as
 * output only if it was there before (`get-output`). What waits for it ends within a minute (`cut-off-node`, called by the
 * reconciler, which needs rights that this function does not have). Again: nothing more happens.
 */
export async function revokeNode(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { nodeId: string },
  body: { reason: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const node = await loadNode(deps, caller.tenantId, params.nodeId);
    if (node.revokedAtMs !== undefined) return;
    const nowMs = deps.nowMs();
    await shutOut(deps, node, {
      by: { who: caller.principal.id, requestId: caller.requestId },
      what: "revoke-node",
      change: { revokedAtMs: nowMs, revokedReason: body.reason },
      reason: body.reason,
      nowMs,
    });
  });
}

/** Off the list, and shut out in the same transaction. Throws `conflict` when the node changed meanwhile. */
export async function markRemoved(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  node: NodeState,
  by: ByWhom,
): Promise<void> {
  const nowMs = deps.nowMs();
  const change = { removedAtMs: nowMs };
  await shutOut(deps, node, { by, what: "remove-node", change, reason: "the node was removed", nowMs });
  if (node.kind === "appliance") await releaseAppliance(deps, node);
}

/** Presence, every certificate and the node, in one transaction. `dueAtMs` lets the reconciler end what waits for it. */
async function shutOut(
  deps: Pick<Context, "table">,
  node: NodeState,
  how: { by: ByWhom; what: string; change: Partial<NodeState>; reason: string; nowMs: number },
): Promise<void> {
  const { nowMs, reason } = how;
  const { tenantId, nodeId } = node;
  const presence = await getPresence(deps.table, nodeId);
  const writes: Write[] = [];
  if (presence !== undefined) {
    const newest = newestCertificate(presence);
    writes.push(revokePresence(nodeId, newest));
    for (const certificate of await certificateChain(deps, newest, longestChain)) {
      if (certificate.revokedAtMs !== undefined) continue;
      const next = { ...certificate, version: certificate.version + 1, revokedAtMs: nowMs, reason };
      writes.push(replaceCertificate(certificate, next));
    }
  }
  const next: NodeState = {
    ...node,
    ...how.change,
    version: node.version + 1,
    updatedAtMs: nowMs,
    dueAtMs: nowMs,
  };
  await commit(deps.table, [
    replaceNode(node, next),
    // Its run may be about to start. A worker runs nothing that the gate is asked about.
    ...(node.kind === "appliance" ? gateChanged(tenantId) : []),
    ...writes,
    audited(nowMs, { tenantId, ...how.by, what: how.what, record: nodeId, before: node, after: next }),
  ]);
}

/** Throws `not_found` for one that is another tenant's, or was removed. */
export async function loadNode(deps: Pick<Context, "table">, tenantId: string, nodeId: string): Promise<NodeState> {
  const node = await getNode(deps.table, { tenantId, nodeId });
  if (node === undefined || node.removedAtMs !== undefined) throw absent(nodeId);
  return node;
}

export function absent(nodeId: string): AppError {
  return new AppError("not_found", `there is no node ${nodeId}`);
}
