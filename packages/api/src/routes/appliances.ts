import { applianceRoutes as routes } from "@steward/contracts/routes/appliances";
import { getBuild, getBundle } from "@steward/control/get-bundle";
import { getEnvelope, pendingRuns } from "@steward/control/get-envelope";
import { putFacts } from "@steward/control/put-facts";
import { recordRun } from "@steward/control/record-run";
import { requestChunk } from "@steward/control/request-chunk";
import { startRun } from "@steward/control/start-run";
import { bind } from "../bind.ts";

/** What appliances call; trust document and release are for workers too. */
export const applianceBindings = [
  bind(routes.getTrust, (deps) => deps.trust()),
  bind(routes.getRelease, async (deps) => (await deps.release()).document),
  bind(routes.getBundle, (deps, { params }) => getBundle(deps, params)),
  bind(routes.getBuild, (deps, { caller, params }) => getBuild(deps, caller, params)),
  bind(routes.fetchConfig, async (deps, { caller, params, query }) => {
    const { fetchConfig } = await import("@steward/control/fetch-config");
    return fetchConfig(deps, caller, params, query);
  }),
  bind(routes.putFacts, async (deps, { caller, params, body }) => {
    await putFacts(deps, caller, params, body);
  }),
  bind(routes.pendingRuns, (deps, { caller }) => pendingRuns(deps, caller)),
  bind(routes.getEnvelope, (deps, { caller, params }) => getEnvelope(deps, caller, params)),
  bind(routes.startRun, (deps, { caller, params, body }) => startRun(deps, caller, params, body)),
  bind(routes.requestChunk, (deps, { caller, params, body }) => requestChunk(deps, caller, params, body)),
  bind(routes.storeRunSecret, async (deps, { caller, params, body }) => {
    const { storeRunSecret } = await import("@steward/control/store-run-secret");
    await storeRunSecret(deps, caller, params, body);
  }),
  // Few runs have secrets: what most of them do not need is loaded when it is.
  bind(routes.fetchRunSecret, async (deps, { caller, params, query }) => {
    const { fetchRunSecret } = await import("@steward/control/fetch-run-secret");
    return fetchRunSecret(deps, caller, params, query);
  }),
  bind(routes.recordRun, (deps, { caller, params, body }) => recordRun(deps, caller, params, body)),
];
