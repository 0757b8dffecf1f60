import { routes } from "@steward/contracts/routes";
import { createSession } from "@steward/control/create-session";
import { endSession } from "@steward/control/end-session";
import { listTenants } from "@steward/control/list-tenants";
import { refreshSession } from "@steward/control/refresh-session";
import { bind } from "../bind.ts";

export const sessionBindings = [
  bind(routes.createSession, (deps, { body }) => createSession({ ...deps, signer: deps.signers.token }, body)),
  bind(routes.refreshSession, (deps, { body }) => refreshSession({ ...deps, signer: deps.signers.token }, body)),
  bind(routes.endSession, async (deps, { caller }) => {
    await endSession(deps, { sessionId: caller.sessionId, personId: caller.person.id });
  }),
  bind(routes.listTenants, (deps, { caller }) => listTenants(deps, caller)),
];
