import { getFacts } from "@steward/aws/records/facts";
import { getNode as getNodeRecord, listNodes as listNodeRecords, replaceNode } from "@steward/aws/records/node";
import { batchGetPresence } from "@steward/aws/records/presence";
import { commit } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import type { Health } from "@steward/contracts/heartbeat";
import type { NodeKind, NodeView } from "@steward/contracts/node";
import { isOffline } from "@steward/core/node/health";
import { doorbellOf, type NodeState, type PresenceState } from "@steward/core/node/node-state";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { absent, markRemoved } from "./revoke-node.ts";

/** A node as people see it now. Health is the announced one, but never fresher than the last heartbeat allows. */
export function nodeView(node: NodeState, presence: PresenceState | undefined, nowMs: number): NodeView {
  const seen = presence !== undefined && presence.sequence > 0;
  return {
    id: node.nodeId,
    tenantId: node.tenantId,
    kind: node.kind,
    name: node.name,
    tags: node.tags,
    doorbell: doorbellOf(node),
    health: !seen || isOffline(presence, nowMs) ? "offline" : levelOf(presence, node),
    confirmed: node.confirmedAtMs !== undefined && node.quarantinedAtMs === undefined && node.revokedAtMs === undefined,
    keyFingerprint: node.keyFingerprint,
    ...(presence?.certificate.expiresAtMs === undefined
      ? {}
      : { certificateExpiresAt: new Date(presence.certificate.expiresAtMs).toISOString() }),
    ...(node.quarantinedAtMs === undefined ? {} : { quarantinedAt: new Date(node.quarantinedAtMs).toISOString() }),
    ...(node.revokedAtMs === undefined ? {} : { revokedAt: new Date(node.revokedAtMs).toISOString() }),
    ...(node.revokedReason === undefined ? {} : { revokedReason: node.revokedReason }),
    ...(seen ? { lastSeenAt: new Date(presence.lastSeenAtMs).toISOString() } : {}),
    ...(presence?.agentVersion === undefined ? {} : { agentVersion: presence.agentVersion }),
    ...(presence?.m1 === undefined ? {} : { metrics: presence.m1 }),
    ...(presence?.capacity === undefined ? {} : { capacity: presence.capacity }),
    ...(presence?.models === undefined ? {} : { models: presence.models }),
    ...(presence?.gpus === undefined || presence.gpus.length === 0 ? {} : { gpus: presence.gpus }),
    ...(presence?.pulling === undefined ? {} : { pulling: presence.pulling }),
    ...(presence?.draining === undefined ? {} : { draining: presence.draining }),
  };
}

function levelOf(presence: PresenceState, node: NodeState): Health {
  return presence.announced.level === "offline" ? node.health : presence.announced.level;
}

export async function listNodes(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  query: {
    limit: number;
    after?: string | undefined;
    kind?: NodeKind | undefined;
    health?: Health | undefined;
    tag?: string | undefined;
    q?: string | undefined;
    attention?: "true" | undefined;
  },
): Promise<{ items: NodeView[]; after?: string }> {
  const items: NodeView[] = [];
  let after = query.after;
  // Filters thin a page out, so pages are read until one is full; each read is bounded by the limit.
  do {
    const page = await listNodeRecords(deps.table, caller.tenantId, {
      limit: query.limit - items.length,
      ...(after === undefined ? {} : { after }),
    });
    const live = page.items.filter((node) => node.removedAtMs === undefined && matches(node, query));
    const presences = await presencesOf(deps, live);
    for (const node of live) {
      const view = nodeView(node, presences.get(node.nodeId), deps.nowMs());
      if (query.health !== undefined && view.health !== query.health) continue;
      if (query.attention === undefined || needsAttention(view, deps.nowMs())) items.push(view);
    }
    after = page.after;
  } while (after !== undefined && items.length < query.limit);
  return { items, ...(after === undefined ? {} : { after }) };
}

/** What no health level says: it beats as it should. */
function needsAttention({ quarantinedAt, revokedAt, certificateExpiresAt }: NodeView, nowMs: number): boolean {
  if (revokedAt !== undefined) return false;
  if (quarantinedAt !== undefined) return true;
  const untilMs = nowMs + defaults.certificateWarningSeconds * 1000;
  return certificateExpiresAt !== undefined && Date.parse(certificateExpiresAt) < untilMs;
}

function matches(
  node: NodeState,
  query: { kind?: NodeKind | undefined; tag?: string | undefined; q?: string | undefined },
): boolean {
  if (query.kind !== undefined && node.kind !== query.kind) return false;
  if (query.tag !== undefined && !node.tags.includes(query.tag)) return false;
  if (query.q === undefined) return true;
  const wanted = query.q.toLowerCase();
  return [node.name, node.hostname, node.nodeId, ...node.tags].some((text) => text.toLowerCase().includes(wanted));
}

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

async function loadNode(deps: Pick<Context, "table">, tenantId: string, nodeId: string): Promise<NodeState> {
  const node = await getNodeRecord(deps.table, { tenantId, nodeId });
  if (node === undefined || node.removedAtMs !== undefined) throw absent(nodeId);
  return node;
}
