import { sessionRoutes as routes } from "@steward/contracts/routes/sessions";
import { createSession, endSession, refreshSession } from "@steward/control/sessions";
import { bind } from "../bind.ts";

export const sessionBindings = [
  bind(routes.createSession, (deps, { body }) => createSession({ ...deps, signer: deps.signers.token }, body)),
  bind(routes.refreshSession, (deps, { body }) => refreshSession({ ...deps, signer: deps.signers.token }, body)),
  bind(routes.endSession, async (deps, { caller }) => {
    await endSession(deps, { sessionId: caller.sessionId, personId: caller.principal.id });
  }),
];
