import { queueRoutes as routes } from "@steward/contracts/routes/queues";
import { assignOptimal } from "@steward/control/assign-optimal";
import { laneHistory } from "@steward/control/lane-history";
import { queueStatus } from "@steward/control/queue-status";
import { viewRecommended } from "@steward/control/recommend-workers";
import { workDistribution } from "@steward/control/work-distribution";
import { bind } from "../bind.ts";

export const queueBindings = [
  bind(routes.queueStatus, (deps, { caller }) => queueStatus(deps, caller)),
  bind(routes.laneHistory, (deps) => laneHistory(deps)),
  bind(routes.recommendWorkers, (deps, { caller, query }) => viewRecommended(deps, caller, query)),
  bind(routes.workDistribution, (deps, { caller, query }) => workDistribution(deps, caller, query)),
  bind(routes.assignOptimal, (deps, { caller, body, repeatable }) => assignOptimal(deps, caller, body, repeatable)),
];
