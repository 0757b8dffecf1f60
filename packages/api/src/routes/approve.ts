import { approveRoutes as routes } from "@steward/contracts/routes/approve";
import { approvePlan } from "@steward/control/approve-plan";
import { approveSchedule } from "@steward/control/approve-schedule";
import { breakGlass } from "@steward/control/break-glass";
import { bind } from "../bind.ts";

export const approveBindings = [
  bind(routes.approveTask, (deps, { caller, params, body }) =>
    approvePlan({ ...deps, signer: deps.signers.approval }, caller, params, body),
  ),
  bind(routes.approveSchedule, async (deps, { caller, params, body }) =>
    approveSchedule(
      { ...deps, signer: deps.signers.approval, actions: await deps.loadActions() },
      caller,
      params,
      body,
    ),
  ),
  bind(routes.breakGlass, (deps, { caller, params, body }) =>
    breakGlass({ ...deps, signer: deps.signers.approval }, caller, params, body),
  ),
];
