import { workerRoutes as routes } from "@steward/contracts/routes/workers";
import { bind } from "../bind.ts";

// What this function mostly does is to enrol and to renew.
export const workerBindings = [
  bind(routes.queueCredentials, async (deps, { caller }) => {
    const { lendQueues } = await import("@steward/control/lend-queues");
    return lendQueues(deps, caller);
  }),
  bind(routes.leave, async (deps, { caller }) => {
    const { leave } = await import("@steward/control/leave");
    await leave(deps, caller);
  }),
];
