import { sessionRoutes as routes } from "@steward/contracts/routes/sessions";
import { openCertificateSession, signInLink } from "@steward/control/certificate-session";
import { createSession } from "@steward/control/create-session";
import { endSession, loginOptions, refreshSession } from "@steward/control/sessions";
import { bind, SeeOther } from "../bind.ts";

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
  bind(routes.openCertificateSession, async (deps, { caller, form }) => {
    // A browser cannot be handed a session across origins: it takes a link along that works once, and soon no more.
    if (form === true)
      return new SeeOther(`${new URL(deps.dashboardUrl).origin}/#login=${await signInLink(deps, caller)}`);
    return openCertificateSession({ ...deps, signer: deps.signers.token }, caller);
  }),
];
