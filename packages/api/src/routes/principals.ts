import { principalRoutes as routes } from "@steward/contracts/routes/principals";
import { changePrincipal, createLink, endSessions, invitePrincipal, listPrincipals } from "@steward/control/principals";
import { bind } from "../bind.ts";

export const principalBindings = [
  bind(routes.whoAmI, async (_deps, { caller: { principal } }) => principal),
  bind(routes.listPrincipals, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { items, after } = await listPrincipals(deps, caller, { limit: query.limit, after: page.after });
    return { items, ...page.next(after) };
  }),
  bind(routes.invitePrincipal, (deps, { caller, body }) => invitePrincipal(deps, caller, body)),
  bind(routes.changePrincipal, (deps, { caller, params, body }) => changePrincipal(deps, caller, params, body)),
  bind(routes.createLink, (deps, { caller, params }) => createLink(deps, caller, params)),
  bind(routes.endSessions, async (deps, { caller, params }) => {
    await endSessions(deps, caller, params);
  }),
];
