import { nodeRoutes as routes } from "@steward/contracts/routes/nodes";
import { inviteNode } from "@steward/control/invite-node";
import { confirmNode, getNode, listNodes, removeNode } from "@steward/control/node-views";
import { revokeNode } from "@steward/control/revoke-node";
import { bind } from "../bind.ts";

export const nodeBindings = [
  bind(routes.listNodes, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { cursor: _cursor, ...filters } = query;
    const { items, after } = await listNodes(deps, caller, {
      ...filters,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.getNode, (deps, { caller, params }) => getNode(deps, caller, params)),
  bind(routes.inviteNode, (deps, { caller, body }) => inviteNode({ ...deps, ...deps.installation }, caller, body)),
  bind(routes.confirmNode, (deps, { caller, params, body }) => confirmNode(deps, caller, params, body)),
  bind(routes.revokeNode, async (deps, { caller, params, body }) => {
    await revokeNode(deps, caller, params, body);
    return getNode(deps, caller, params);
  }),
  bind(routes.removeNode, async (deps, { caller, params }) => {
    await removeNode(deps, caller, params);
  }),
];
