import { fleetRoutes as routes } from "@steward/contracts/routes/fleet";
import { bulkNodes, changeTags } from "@steward/control/change-nodes";
import { clusterStats, fleetHealth, fleetHistory, flow, nodeHistory, topology } from "@steward/control/fleet-views";
import { bind } from "../bind.ts";

export const fleetBindings = [
  bind(routes.fleetHealth, (deps, { caller }) => fleetHealth(deps, caller)),
  bind(routes.fleetHistory, (deps, { caller, query }) => fleetHistory(deps, caller, query)),
  bind(routes.nodeHistory, (deps, { caller, params, query }) => nodeHistory(deps, caller, params, query)),
  bind(routes.changeTags, (deps, { caller, params, body }) => changeTags(deps, caller, params, body)),
  bind(routes.bulkNodes, (deps, { caller, body }) => bulkNodes(deps, caller, body)),
  bind(routes.topology, (deps, { caller }) => topology(deps, caller)),
  bind(routes.flow, (deps, { caller }) => flow(deps, caller)),
  bind(routes.clusterStats, (deps, { caller }) => clusterStats(deps, caller)),
];
