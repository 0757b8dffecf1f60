import { configurationRoutes as routes } from "@steward/contracts/routes/configuration";
import { bind } from "../bind.ts";

const load = () => import("@steward/control/configuration");

/** Few calls are about configurations: what only they need is loaded when it is. */
export const configurationBindings = [
  bind(routes.getConfig, async (deps, { caller, params }) => (await load()).viewConfig(deps, caller, params)),
  bind(routes.putConfig, async (deps, { caller, params, body }) =>
    (await load()).putConfig(deps, caller, params, body),
  ),
  bind(routes.listConfigRevisions, async (deps, { caller, params, query, paging }) => {
    const page = await paging();
    const { viewConfigRevisions } = await load();
    const { items, after } = await viewConfigRevisions(deps, caller, params, {
      limit: query.limit,
      after: page.after,
    });
    return { items, ...page.next(after) };
  }),
];
