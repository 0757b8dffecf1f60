import { applianceRoutes as routes } from "@steward/contracts/routes/appliances";
import { fetchRunSecret } from "@steward/control/fetch-run-secret";
import { getBundle } from "@steward/control/get-bundle";
import { getEnvelope, pendingRuns } from "@steward/control/get-envelope";
import { putFacts } from "@steward/control/put-facts";
import { recordRun } from "@steward/control/record-run";
import { requestChunk } from "@steward/control/request-chunk";
import { storeRunSecret } from "@steward/control/store-run-secret";
import { startRun } from "@steward/control/start-run";
import { bind } from "../bind.ts";

/** What appliances call; trust document and release are for workers too. */
export const applianceBindings = [
  bind(routes.getTrust, (deps) => deps.trust()),
  bind(routes.getRelease, async (deps) => (await deps.release()).document),
  bind(routes.getBundle, (deps, { params }) => getBundle(deps, params)),
  bind(routes.putFacts, async (deps, { caller, params, body }) => {
    await putFacts(deps, caller, params, body);
  }),
  bind(routes.pendingRuns, (deps, { caller }) => pendingRuns(deps, caller)),
  bind(routes.getEnvelope, (deps, { caller, params }) => getEnvelope(deps, caller, params)),
  bind(routes.startRun, (deps, { caller, params, body }) => startRun(deps, caller, params, body)),
  bind(routes.requestChunk, (deps, { caller, params, body }) => requestChunk(deps, caller, params, body)),
  bind(routes.storeRunSecret, async (deps, { caller, params, body }) => {
    await storeRunSecret(deps, caller, params, body);
  }),
  bind(routes.fetchRunSecret, (deps, { caller, params, query }) => fetchRunSecret(deps, caller, params, query)),
  bind(routes.recordRun, (deps, { caller, params, body }) => recordRun(deps, caller, params, body)),
];
