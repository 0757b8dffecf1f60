import { routes } from "@steward/contracts/routes";
import { waitForTask } from "@steward/control/view-task";
import { bind } from "../bind.ts";

export const waitBindings = [
  bind(routes.getTask, (deps, { caller, params, query }) => waitForTask(deps, caller, params, query)),
];
