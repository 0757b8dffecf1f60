import { approveRoutes as routes } from "@steward/contracts/routes/approve";
import { approvePlan } from "@steward/control/approve-plan";
import { bind } from "../bind.ts";

export const approveBindings = [
  bind(routes.approveTask, (deps, { caller, params, body }) =>
    approvePlan({ ...deps, signer: deps.signers.approval }, caller, params, body),
  ),
];
