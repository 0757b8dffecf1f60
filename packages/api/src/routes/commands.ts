import { commandRoutes as routes } from "@steward/contracts/routes/commands";
import { cleanupCommands, commandStats } from "@steward/control/command-stats";
import { submitTask } from "@steward/control/submit-task";
import { viewResults } from "@steward/control/view-results";
import { bind } from "../bind.ts";

export const commandBindings = [
  bind(routes.executeCommand, (deps, { caller, body: { nodeId, action, variables, ...rest }, repeatable }) =>
    submitTask(deps, caller, { ...rest, steps: [{ action, variables }], targets: [nodeId] }, repeatable),
  ),
  bind(routes.broadcastCommand, (deps, { caller, body: { selector, action, variables, ...rest }, repeatable }) =>
    submitTask(deps, caller, { ...rest, steps: [{ action, variables }], targets: [selector] }, repeatable),
  ),
  bind(routes.commandStats, (deps, { caller }) => commandStats(deps, caller)),
  bind(routes.cleanupCommands, (deps, { caller }) => cleanupCommands(deps, caller)),
  bind(routes.getResults, (deps, { caller, params }) => viewResults(deps, caller, params)),
];
