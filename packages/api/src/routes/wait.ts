import { waitRoutes as routes } from "@steward/contracts/routes/wait";
import { waitForTask } from "@steward/control/view-task";
import { bind } from "../bind.ts";

export const waitBindings = [
  bind(routes.getTask, (deps, { caller, params, query }) => waitForTask(deps, caller, params, query)),
];
