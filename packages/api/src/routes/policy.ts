import { policyRoutes as routes } from "@steward/contracts/routes/policy";
import { putPolicy, viewPolicy } from "@steward/control/policy";
import { bind } from "../bind.ts";

export const policyBindings = [
  bind(routes.getPolicy, (deps, { caller }) => viewPolicy(deps, caller)),
  bind(routes.putPolicy, (deps, { caller, body }) => putPolicy(deps, caller, body)),
];
