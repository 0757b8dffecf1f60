import { issuerRoutes as routes } from "@steward/contracts/routes/issuers";
import { createIssuer, listIssuers, removeIssuer } from "@steward/control/issuers";
import { bind } from "../bind.ts";

export const issuerBindings = [
  bind(routes.listIssuers, (deps, { caller }) => listIssuers(deps, caller)),
  bind(routes.createIssuer, (deps, { caller, body, repeatable }) => createIssuer(deps, caller, body, repeatable)),
  bind(routes.removeIssuer, async (deps, { caller, params }) => {
    await removeIssuer(deps, caller, params);
  }),
];
