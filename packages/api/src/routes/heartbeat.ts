import { heartbeatRoutes as routes } from "@steward/contracts/routes/heartbeat";
import { acceptHeartbeat } from "@steward/control/accept-heartbeat";
import { bind } from "../bind.ts";

/** For an app that serves every route; the function `heartbeat` has a shorter chain of its own. */
export const heartbeatBindings = [
  bind(routes.heartbeat, (deps, { caller, body }) =>
    acceptHeartbeat(deps, { nodeId: caller.nodeId, fingerprint: caller.fingerprint, heartbeat: body }),
  ),
];
