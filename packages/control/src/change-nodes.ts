import { gateChanged } from "@steward/aws/records/gate-epoch";
import { getNode as getNodeRecord, replaceNode } from "@steward/aws/records/node";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { type BulkResult, type bulkNodesSchema, maxBulk, maxTags, type NodeFilter } from "@steward/contracts/fleet";
import type { NodeView } from "@steward/contracts/node";
import { hasRole } from "@steward/contracts/roles";
import { matchesFilter } from "@steward/core/fleet/query";
import { fleetNode } from "@steward/core/fleet/snapshot";
import type { NodeState } from "@steward/core/node/node-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import { putConfig, viewConfig } from "./configuration.ts";
import type { Caller, Context } from "./context.ts";
import { loadFleet, type WithFleets } from "./fleet-store.ts";
import { inParallel } from "./in-parallel.ts";
import { getNode } from "./node-views.ts";
import { presencesOf } from "./presences-of.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { absent, loadNode, markRemoved } from "./revoke-node.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log">;
type ConfigDeps = Deps & Pick<Context, "release" | "queues">;
type Change = z.infer<typeof bulkNodesSchema>["change"];
/** What the nodes were chosen by; undefined where somebody named them. */
type Filter = { [Name in keyof NodeFilter]?: NodeFilter[Name] | undefined } | undefined;
interface Tags {
  add: readonly string[];
  remove: readonly string[];
}

const changesAtOnce = 8;

export async function changeTags(
  deps: Deps,
  caller: Caller,
  params: { nodeId: string },
  body: Tags,
): Promise<NodeView> {
  await retag(deps, caller, params.nodeId, body);
  return getNode(deps, caller, params);
}

/**
 * Rules, windows and groups of a rollout go by tags: a start that the gate is looking at just now is asked about again.
 * Answers whether anything changed.
 */
async function retag(
  deps: Deps,
  caller: Caller,
  nodeId: string,
  { add, remove, filter }: Tags & { filter?: Filter },
): Promise<boolean> {
  return retryOnConflict(async () => {
    const { tenantId, principal, requestId } = caller;
    const node = await loadNode(deps, tenantId, nodeId);
    if (!(await stillFits(deps, node, filter))) return false;
    const tags = [...new Set([...node.tags.filter((tag) => !remove.includes(tag)), ...add])];
    if (tags.length > maxTags) {
      throw new AppError("unprocessable", `${node.name} would have ${tags.length} tags; ${maxTags} is the most`, {
        next: "remove one of them first",
      });
    }
    if (tags.length === node.tags.length && tags.every((tag) => node.tags.includes(tag))) return false;
    const nowMs = deps.nowMs();
    const next = { ...node, version: node.version + 1, tags, updatedAtMs: nowMs };
    await commit(deps.table, [
      replaceNode(node, next),
      ...(node.kind === "appliance" ? gateChanged(tenantId) : []),
      audited(nowMs, {
        tenantId,
        who: principal.id,
        requestId,
        what: "change-tags",
        record: nodeId,
        before: node,
        after: next,
      }),
    ]);
    return true;
  });
}

/** How often an appliance beats: a part of its configuration, and so a change that the gate is asked about. */
async function setBeat(
  deps: ConfigDeps,
  caller: Caller,
  nodeId: string,
  { seconds, confirm, filter }: { seconds: number; confirm: boolean | undefined; filter: Filter },
): Promise<boolean> {
  if (filter !== undefined) {
    const node = await loadNode(deps, caller.tenantId, nodeId);
    if (!(await stillFits(deps, node, filter))) return false;
  }
  const { config, revision } = await viewConfig(deps, caller, { nodeId });
  if (config.intervalSeconds === seconds) return false;
  await putConfig(deps, caller, { nodeId }, { config: { ...config, intervalSeconds: seconds }, revision, confirm });
  return true;
}

/** Off the list, and shut out, for good. Who is off it already is as was asked for: a reply may have been lost. */
async function remove(deps: Deps, caller: Caller, nodeId: string, filter: Filter): Promise<boolean> {
  return retryOnConflict(async () => {
    const { tenantId, principal, requestId } = caller;
    const node = await getNodeRecord(deps.table, { tenantId, nodeId });
    if (node === undefined) throw absent(nodeId);
    if (node.removedAtMs !== undefined || !(await stillFits(deps, node, filter))) return false;
    await markRemoved(deps, node, { who: principal.id, requestId });
    return true;
  });
}

/** Who was chosen from a snapshot may have changed since then: each is looked at once more as it is now. */
async function stillFits(deps: Pick<Deps, "table" | "nowMs">, node: NodeState, filter: Filter): Promise<boolean> {
  if (filter === undefined) return true;
  const presences = await presencesOf(deps, [node]);
  return matchesFilter(fleetNode(node, presences.get(node.nodeId), deps.nowMs()), filter);
}

/** The same change for each of up to 200 nodes, each by itself: what fails for one is said for that one. */
export async function bulkNodes(
  deps: ConfigDeps & WithFleets,
  caller: Caller,
  body: z.infer<typeof bulkNodesSchema>,
): Promise<BulkResult> {
  const { change, filter } = body;
  if (change.kind !== "interval" && !hasRole(caller.role, "admin")) {
    throw new AppError("forbidden", `this needs the role admin; yours is ${caller.role}`, {
      next: "ask an admin of the tenant",
    });
  }
  if (change.kind === "remove" && filter !== undefined && Object.values(filter).every((one) => one === undefined)) {
    throw new AppError("unprocessable", "a filter that every node fits removes the whole fleet", {
      fields: [{ path: "filter", message: "is empty" }],
      next: "say which nodes, by a tag for example, or send their ids",
    });
  }
  const nodeIds = await chosen(deps, caller, body);
  const items = new Map<string, BulkResult["items"][number]>();
  await inParallel(nodeIds, changesAtOnce, async (id) => {
    items.set(id, await outcomeOf(id, () => changeOne(deps, caller, id, { change, filter })));
  });
  const inOrder = nodeIds.flatMap((id) => items.get(id) ?? []);
  return { changed: inOrder.filter(({ outcome }) => outcome === "changed").length, items: inOrder };
}

async function chosen(
  deps: Deps & WithFleets,
  caller: Caller,
  { nodes, filter = {} }: z.infer<typeof bulkNodesSchema>,
): Promise<string[]> {
  if (nodes !== undefined) return [...new Set(nodes)];
  const fleet = await loadFleet(deps, caller.tenantId);
  const found = fleet.nodes.filter((node) => matchesFilter(node, filter)).map(({ nodeId }) => nodeId);
  if (found.length <= maxBulk) return found;
  throw new AppError("unprocessable", `${found.length} nodes fit; one request changes at most ${maxBulk}`, {
    next: "list them and send their ids in parts, as `steward nodes tag` does",
  });
}

async function changeOne(
  deps: ConfigDeps,
  caller: Caller,
  nodeId: string,
  { change, filter }: { change: Change; filter: Filter },
): Promise<boolean> {
  switch (change.kind) {
    case "tags":
      return retag(deps, caller, nodeId, { ...change, ...(filter === undefined ? {} : { filter }) });
    case "interval":
      return setBeat(deps, caller, nodeId, { seconds: change.seconds, confirm: change.confirm, filter });
    case "remove":
      return remove(deps, caller, nodeId, filter);
    default:
      return change satisfies never;
  }
}

async function outcomeOf(id: string, change: () => Promise<boolean>): Promise<BulkResult["items"][number]> {
  try {
    return { id, outcome: (await change()) ? "changed" : "unchanged" };
  } catch (error) {
    if (!(error instanceof AppError) || error.code === "internal") throw error;
    return { id, outcome: "failed", code: error.code, problem: error.message };
  }
}
