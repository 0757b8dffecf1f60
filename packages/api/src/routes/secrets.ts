import { secretRoutes as routes } from "@steward/contracts/routes/secrets";
import { listSecrets, rotateNow, setSecret } from "@steward/control/stage-secrets";
import { bind } from "../bind.ts";

export const secretBindings = [
  bind(routes.listSecrets, (deps) => listSecrets(deps)),
  bind(routes.setSecret, (deps, { caller, params, body }) => setSecret(deps, caller, params, body)),
  bind(routes.rotateSecret, (deps, { caller, params, repeatable }) => rotateNow(deps, caller, params, repeatable)),
];
