import { jobRoutes as routes } from "@steward/contracts/routes/jobs";
import { claimJob } from "@steward/control/claim-job";
import { completeJob, progressJob, releaseJob } from "@steward/control/complete-job";
import { bind } from "../bind.ts";

export const jobBindings = [
  bind(routes.claimJob, (deps, { caller, params, body }) => claimJob(deps, caller, params, body)),
  bind(routes.progressJob, (deps, { caller, params, body }) => progressJob(deps, caller, params, body)),
  bind(routes.completeJob, (deps, { caller, params, body }) => completeJob(deps, caller, params, body)),
  bind(routes.releaseJob, async (deps, { caller, params, body }) => {
    await releaseJob(deps, caller, params, body);
  }),
];
