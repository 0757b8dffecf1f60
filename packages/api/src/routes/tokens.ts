import { tokenRoutes as routes } from "@steward/contracts/routes/tokens";
import { createToken, listTokens, revokeToken } from "@steward/control/tokens";
import { bind } from "../bind.ts";

export const tokenBindings = [
  bind(routes.listTokens, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { items, after } = await listTokens(deps, caller, { limit: query.limit, after: page.after });
    return { items, ...page.next(after) };
  }),
  bind(routes.createToken, (deps, { caller, body }) => createToken(deps, caller, body)),
  bind(routes.revokeToken, async (deps, { caller, params }) => {
    await revokeToken(deps, caller, params);
  }),
];
