import { secretRoutes as routes } from "@steward/contracts/routes/secrets";
import { openRunSecret } from "@steward/control/open-run-secret";
import { listTenantSecrets, removeTenantSecret, setTenantSecret } from "@steward/control/tenant-secrets";
import { listSecrets, rotateNow, setSecret } from "@steward/control/stage-secrets";
import { bind } from "../bind.ts";

export const secretBindings = [
  bind(routes.listSecrets, (deps) => listSecrets(deps)),
  bind(routes.setSecret, (deps, { caller, params, body }) => setSecret(deps, caller, params, body)),
  bind(routes.rotateSecret, (deps, { caller, params, repeatable }) => rotateNow(deps, caller, params, repeatable)),
  bind(routes.listTenantSecrets, (deps, { caller }) => listTenantSecrets(deps, caller)),
  bind(routes.setTenantSecret, (deps, { caller, params, body }) => setTenantSecret(deps, caller, params, body)),
  bind(routes.removeTenantSecret, (deps, { caller, params }) => removeTenantSecret(deps, caller, params)),
  bind(routes.openRunSecret, (deps, { caller, params, body }) => openRunSecret(deps, caller, params, body)),
];
