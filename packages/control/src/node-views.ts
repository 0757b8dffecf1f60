import { getFacts } from "@steward/aws/records/facts";
import { replaceNode } from "@steward/aws/records/node";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import type { NodeFilter, NodeSort } from "@steward/contracts/fleet";
import type { NodeView } from "@steward/contracts/node";
import { matchesFilter, needsAttention, needsConfirmation, pageOfFleet } from "@steward/core/fleet/query";
import { fleetNode } from "@steward/core/fleet/snapshot";
import { causesOf } from "@steward/core/node/health";
import { doorbellOf, type NodeState, type PresenceState } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { loadFleet, type WithFleets } from "./fleet-store.ts";
import { loadNodes } from "./load-targets.ts";
import { presencesOf } from "./presences-of.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { loadNode, markRemoved } from "./revoke-node.ts";

/** A node as people see it now. Health is the announced one, but never fresher than the last heartbeat allows. */
export function nodeView(node: NodeState, presence: PresenceState | undefined, nowMs: number): NodeView {
  const seen = presence !== undefined && presence.sequence > 0;
  const { health, healthSinceMs, confirmed } = fleetNode(node, presence, nowMs);
  // Of one that is silent it is not known whether they are so still.
  const causes = presence === undefined || health === "healthy" || health === "offline" ? [] : causesOf(presence);
  return {
    id: node.nodeId,
    tenantId: node.tenantId,
    kind: node.kind,
    name: node.name,
    ...(node.hostname === "" ? {} : { hostname: node.hostname }),
    tags: node.tags,
    doorbell: doorbellOf(node),
    health,
    healthSince: new Date(healthSinceMs).toISOString(),
    ...(causes.length === 0 ? {} : { causes }),
    confirmed,
    keyFingerprint: node.keyFingerprint,
    ...(presence?.certificate.expiresAtMs === undefined
      ? {}
      : { certificateExpiresAt: new Date(presence.certificate.expiresAtMs).toISOString() }),
    ...(node.quarantinedAtMs === undefined ? {} : { quarantinedAt: new Date(node.quarantinedAtMs).toISOString() }),
    ...(node.revokedAtMs === undefined ? {} : { revokedAt: new Date(node.revokedAtMs).toISOString() }),
    ...(node.revokedReason === undefined ? {} : { revokedReason: node.revokedReason }),
    ...(seen ? { lastSeenAt: new Date(presence.lastSeenAtMs).toISOString() } : {}),
    ...(presence?.agentVersion === undefined ? {} : { agentVersion: presence.agentVersion }),
    ...(node.kind === "worker" || presence?.configRevision === undefined
      ? {}
      : { configSync: presence.configRevision === presence.directive.configRevision ? "in_sync" : "pending" }),
    ...(presence?.m1 === undefined ? {} : { metrics: presence.m1 }),
    ...(presence?.capacity === undefined ? {} : { capacity: presence.capacity }),
    ...(presence?.models === undefined ? {} : { models: presence.models }),
    ...(presence?.gpus === undefined || presence.gpus.length === 0 ? {} : { gpus: presence.gpus }),
    ...(presence?.pulling === undefined ? {} : { pulling: presence.pulling }),
    ...(presence?.draining === undefined ? {} : { draining: presence.draining }),
  };
}

/** A page of the tenant's nodes: chosen and sorted by the snapshot, and shown as they are now. */
export async function listNodes(
  deps: Pick<Context, "table" | "nowMs"> & WithFleets,
  caller: Caller,
  query: NodeFilter & {
    limit: number;
    after?: string | undefined;
    attention?: "true" | undefined;
    unconfirmed?: "true" | undefined;
    sort?: NodeSort;
    order?: "asc" | "desc";
  },
): Promise<{ items: NodeView[]; after?: string }> {
  const fleet = await loadFleet(deps, caller.tenantId);
  const nowMs = deps.nowMs();
  const page = pageOfFleet(fleet.nodes, {
    ...query,
    isChosen: (node) =>
      matchesFilter(node, query) &&
      (query.attention === undefined || needsAttention(node, nowMs)) &&
      (query.unconfirmed === undefined || needsConfirmation(node)),
  });
  const views = await viewsOf(
    deps,
    caller.tenantId,
    page.nodes.map(({ nodeId }) => nodeId),
  );
  // A snapshot may be a minute old: who has changed since then, and does not fit any more, is not shown.
  const items = views.filter(
    (view) =>
      (query.health === undefined || view.health === query.health) &&
      (query.unconfirmed === undefined || !view.confirmed),
  );
  return { items, ...(page.after === undefined ? {} : { after: page.after }) };
}

/** In the order of the ids, without those that there are not. */
async function viewsOf(
  deps: Pick<Context, "table" | "nowMs">,
  tenantId: string,
  nodeIds: readonly string[],
): Promise<NodeView[]> {
  const found = await loadNodes(deps, tenantId, nodeIds);
  const nodes = found.filter((node) => node !== undefined && node.removedAtMs === undefined) as NodeState[];
  const presences = await presencesOf(deps, nodes);
  return nodes.map((node) => nodeView(node, presences.get(node.nodeId), deps.nowMs()));
}

export async function getNode(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { nodeId: string },
): Promise<NodeView> {
  const node = await loadNode(deps, caller.tenantId, params.nodeId);
  const [presences, facts] = await Promise.all([
    presencesOf(deps, [node]),
    getFacts(deps.table, { tenantId: node.tenantId, nodeId: node.nodeId }),
  ]);
  const view = nodeView(node, presences.get(node.nodeId), deps.nowMs());
  return facts === undefined ? view : { ...view, facts: facts.facts };
}

/** A person compared the machine's key fingerprint with the one on its screen. Nothing runs on it before. */
export async function confirmNode(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  params: { nodeId: string },
  body: { keyFingerprint: string },
): Promise<NodeView> {
  return retryOnConflict(async () => {
    const node = await loadNode(deps, caller.tenantId, params.nodeId);
    if (node.keyFingerprint !== body.keyFingerprint) {
      throw new AppError("unprocessable", "this is not the fingerprint of the key that enrolled", {
        fields: [{ path: "keyFingerprint", message: "differs from the enrolled key's" }],
        next: "if the machine shows another fingerprint, remove it and enrol it again with a new token",
      });
    }
    if (node.confirmedAtMs === undefined) {
      await changeNode(
        deps,
        { who: caller.principal.id, requestId: caller.requestId },
        node,
        { confirmedAtMs: deps.nowMs(), confirmedBy: caller.principal.id },
        "confirm-node",
      );
    }
    return getNode(deps, caller, params);
  });
}

/** Removes a node: nothing that it has counts from the moment this returns, as with a revocation. */
export async function removeNode(
  deps: Pick<Context, "table" | "nowMs" | "log">,
  caller: Caller,
  params: { nodeId: string },
): Promise<void> {
  await retryOnConflict(async () => {
    const node = await loadNode(deps, caller.tenantId, params.nodeId);
    await markRemoved(deps, node, { who: caller.principal.id, requestId: caller.requestId });
  });
}

async function changeNode(
  deps: Pick<Context, "table" | "nowMs">,
  by: { who: string; requestId?: string },
  node: NodeState,
  change: Partial<NodeState>,
  what: string,
): Promise<void> {
  const nowMs = deps.nowMs();
  const next: NodeState = { ...node, ...change, version: node.version + 1, updatedAtMs: nowMs };
  await commit(deps.table, [
    replaceNode(node, next),
    audited(nowMs, {
      tenantId: node.tenantId,
      ...by,
      what,
      record: node.nodeId,
      before: node,
      after: next,
    }),
  ]);
}
