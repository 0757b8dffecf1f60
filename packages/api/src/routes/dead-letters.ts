import { deadLetterRoutes as routes } from "@steward/contracts/routes/dead-letters";
import { dropDeadLetters, listDeadLetters, redriveDeadLetters } from "@steward/control/dead-letters";
import { bind } from "../bind.ts";

export const deadLetterBindings = [
  bind(routes.listDeadLetters, (deps, { params, query }) => listDeadLetters(deps, params.queue, query.limit)),
  bind(routes.redriveDeadLetters, (deps, { caller, params, body }) =>
    redriveDeadLetters(deps, caller, params.queue, body),
  ),
  bind(routes.dropDeadLetters, (deps, { caller, params, body }) => dropDeadLetters(deps, caller, params.queue, body)),
];
