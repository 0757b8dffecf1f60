import { alertRoutes as routes } from "@steward/contracts/routes/alerts";
import { acknowledgeAlert, getAlert, listAlerts, snoozeAlert } from "@steward/control/alerts";
import { getNodeThresholds, getThresholds, putNodeThresholds, putThresholds } from "@steward/control/thresholds";
import { bind } from "../bind.ts";

export const alertBindings = [
  bind(routes.listAlerts, async (deps, { caller, query, paging }) => {
    const page = await paging();
    const { cursor: _cursor, node: nodeId, ...filters } = query;
    const { items, after } = await listAlerts(deps, caller, {
      ...filters,
      nodeId,
      ...(page.after === undefined ? {} : { after: page.after }),
    });
    return { items, ...page.next(after) };
  }),
  bind(routes.getAlert, (deps, { caller, params }) => getAlert(deps, caller, params)),
  bind(routes.acknowledgeAlert, (deps, { caller, params }) => acknowledgeAlert(deps, caller, params)),
  bind(routes.snoozeAlert, (deps, { caller, params, body }) => snoozeAlert(deps, caller, params, body)),
  bind(routes.getThresholds, (deps, { caller }) => getThresholds(deps, caller)),
  bind(routes.putThresholds, (deps, { caller, body }) => putThresholds(deps, caller, body)),
  bind(routes.getNodeThresholds, (deps, { caller, params }) => getNodeThresholds(deps, caller, params)),
  bind(routes.putNodeThresholds, (deps, { caller, params, body }) => putNodeThresholds(deps, caller, params, body)),
];
