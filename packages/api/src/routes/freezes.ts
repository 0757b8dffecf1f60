import { freezeRoutes as routes } from "@steward/contracts/routes/freezes";
import { createFreeze, endFreeze, listFreezes } from "@steward/control/freeze";
import { bind } from "../bind.ts";

export const freezeBindings = [
  bind(routes.createFreeze, (deps, { caller, body, repeatable }) => createFreeze(deps, caller, body, repeatable)),
  bind(routes.listFreezes, (deps, { caller }) => listFreezes(deps, caller)),
  bind(routes.endFreeze, async (deps, { caller, params }) => {
    await endFreeze(deps, caller, params);
  }),
];
