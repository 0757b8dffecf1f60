import { notificationRoutes as routes } from "@steward/contracts/routes/notifications";
import {
  confirmNotification,
  createNotification,
  deleteNotification,
  listDeliveries,
  listNotifications,
  testNotification,
} from "@steward/control/notifications";
import { bind } from "../bind.ts";

export const notificationBindings = [
  bind(routes.listNotifications, (deps, { caller }) => listNotifications(deps, caller)),
  bind(routes.createNotification, (deps, { caller, body, repeatable }) =>
    createNotification(deps, caller, body, repeatable),
  ),
  bind(routes.confirmNotification, (deps, { caller, params, body }) => confirmNotification(deps, caller, params, body)),
  bind(routes.deleteNotification, (deps, { caller, params }) => deleteNotification(deps, caller, params)),
  bind(routes.testNotification, (deps, { caller, params, repeatable }) =>
    testNotification(deps, caller, params, repeatable),
  ),
  bind(routes.listDeliveries, (deps, { caller, params }) => listDeliveries(deps, caller, params)),
];
