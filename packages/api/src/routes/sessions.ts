import { sessionRoutes as routes } from "@steward/contracts/routes/sessions";
import { createSession, endSession, loginOptions, refreshSession } from "@steward/control/sessions";
import { bind } from "../bind.ts";

export const sessionBindings = [
  bind(routes.createSession, (deps, { body, requestId }) =>
    createSession({ ...deps, signer: deps.signers.token }, body, requestId),
  ),
  bind(routes.refreshSession, (deps, { body, requestId }) =>
    refreshSession({ ...deps, signer: deps.signers.token }, body, requestId),
  ),
  bind(routes.loginOptions, (deps, { query }) => loginOptions(deps, query)),
  bind(routes.endSession, async (deps, { caller, requestId }) => {
    await endSession(deps, { sessionId: caller.sessionId, principalId: caller.principal.id, requestId });
  }),
];
