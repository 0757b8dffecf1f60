import type { NodeKind } from "@steward/contracts/node";
import type { NodeState } from "@steward/core/node/node-state";
import { createItem, type Page, type PageRequest, queryItems, readItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const partition = (tenantId: string) => `T#${tenantId}#NODE`;

const itemOf = (state: NodeState) => ({
  pk: partition(state.tenantId),
  sk: state.nodeId,
  ...states.stateItem(state, { type: "node", tenantId: state.tenantId, id: state.nodeId }),
});

export const createNode = (state: NodeState): Write => createItem("node", itemOf(state));
export const replaceNode = (previous: NodeState, next: NodeState): Write =>
  states.replaceState("node", itemOf(next), previous, next);

export async function getNode(table: Table, key: { tenantId: string; nodeId: string }): Promise<NodeState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.nodeId });
}

/** In the order of the ids; undefined for those that there are not. Strongly consistent. */
export async function batchGetNodes(
  table: Table,
  tenantId: string,
  nodeIds: readonly string[],
): Promise<(NodeState | undefined)[]> {
  const keys = [...new Set(nodeIds)].map((nodeId) => ({ pk: partition(tenantId), sk: nodeId }));
  const found = (await readItems(table, keys)).map((item) => states.stateOf<NodeState>(item));
  const byId = new Map(found.map((node) => [node.nodeId, node]));
  return nodeIds.map((nodeId) => byId.get(nodeId));
}

/**
 * One page of the tenant's nodes by id (appliances before workers), without removed ones. Strongly consistent, unless a
 * moment's age does no harm: that is half the price.
 */
export async function listNodes(
  table: Table,
  tenantId: string,
  {
    limit,
    after = states.beforeAllIds,
    kind,
    consistent = true,
  }: PageRequest & { kind?: NodeKind; consistent?: boolean },
): Promise<Page<NodeState>> {
  const query = states.queryOf({ pk: partition(tenantId), behind: after }, { consistent });
  const { items, more } = await queryItems(table, query, {
    limit,
    accept: (item) => {
      const state = states.stateOf<NodeState>(item);
      return state.removedAtMs === undefined && (kind === undefined || state.kind === kind);
    },
  });
  return states.pageOf(
    items.map((item) => states.stateOf<NodeState>(item)),
    more,
    (state) => state.nodeId,
  );
}
