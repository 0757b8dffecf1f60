import type { NodeKind } from "@steward/contracts/node";
import type { NodeState } from "@steward/core/node/node-state";
import { Entity } from "electrodb";
import { type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const node = new Entity({
  model: states.model("node"),
  attributes: {
    tenantId: { type: "string", required: true },
    nodeId: { type: "string", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId"], template: "T#${tenantId}#NODE" },
      { composite: ["nodeId"], template: "${nodeId}" },
    ),
    due: states.dueIndex,
  },
});

const put = (state: NodeState) =>
  node.put({
    tenantId: state.tenantId,
    nodeId: state.nodeId,
    ...states.stateItem(state, { type: "node", tenantId: state.tenantId, id: state.nodeId }),
  });

export const createNode = (state: NodeState): Write => states.createState("node", put(state));
export const replaceNode = (previous: NodeState, next: NodeState): Write =>
  states.replaceState("node", put(next), previous, next);

export async function getNode(table: Table, key: { tenantId: string; nodeId: string }): Promise<NodeState | undefined> {
  return states.readState(table, node.get(key));
}

/** One page of the tenant's nodes by id (appliances before workers), without removed ones. Strongly consistent. */
export async function listNodes(
  table: Table,
  tenantId: string,
  { limit, after = states.beforeAllIds, kind }: PageRequest & { kind?: NodeKind },
): Promise<Page<NodeState>> {
  const query = states.queryOf(node.query.primary({ tenantId }).gt({ nodeId: after }), { consistent: true });
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
