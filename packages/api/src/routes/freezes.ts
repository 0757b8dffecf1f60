import { routes } from "@steward/contracts/routes";
import { createFreeze } from "@steward/control/create-freeze";
import { endFreeze } from "@steward/control/end-freeze";
import { listFreezes } from "@steward/control/list-freezes";
import { bind } from "../bind.ts";

export const freezeBindings = [
  bind(routes.createFreeze, (deps, { caller, body }) => createFreeze(deps, caller, body)),
  bind(routes.listFreezes, (deps, { caller }) => listFreezes(deps, caller)),
  bind(routes.endFreeze, async (deps, { caller, params }) => {
    await endFreeze(deps, caller, params);
  }),
];
