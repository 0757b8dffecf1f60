import { windowRoutes as routes } from "@steward/contracts/routes/windows";
import { bind } from "../bind.ts";

/** Patterns of times take a library that nothing else of this function has a use for. */
const windows = () => import("@steward/control/windows");

export const windowBindings = [
  bind(routes.createWindow, async (deps, { caller, body, repeatable }) =>
    (await windows()).createWindow(deps, caller, body, repeatable),
  ),
  bind(routes.listWindows, async (deps, { caller }) => (await windows()).listWindows(deps, caller)),
  bind(routes.removeWindow, async (deps, { caller, params }) => {
    await (await windows()).removeWindow(deps, caller, params);
  }),
];
