import { createRouter } from "@tanstack/react-router";
import { actionsRoutes } from "./pages/actions/route.ts";
import { alertsRoutes } from "./pages/alerts/route.ts";
import { appliancesRoutes } from "./pages/appliances/route.ts";
import { askRoutes } from "./pages/ask/route.ts";
import { auditRoutes } from "./pages/audit/route.ts";
import { certificatesRoutes } from "./pages/certificates/route.ts";
import { confirmRoutes } from "./pages/confirm/route.ts";
import { firstRoutes } from "./pages/first/route.ts";
import { flowRoutes } from "./pages/flow/route.ts";
import { freezesRoutes } from "./pages/freezes/route.ts";
import { notificationsRoutes } from "./pages/notifications/route.ts";
import { peopleRoutes } from "./pages/people/route.ts";
import { schedulesRoutes } from "./pages/schedules/route.ts";
import { secretsRoutes } from "./pages/secrets/route.ts";
import { settingsRoutes } from "./pages/settings/route.ts";
import { tasksRoutes } from "./pages/tasks/route.ts";
import { tenantsRoutes } from "./pages/tenants/route.ts";
import { tokensRoutes } from "./pages/tokens/route.ts";
import { topologyRoutes } from "./pages/topology/route.ts";
import { workersRoutes } from "./pages/workers/route.ts";
import { shellRoute } from "./shell/shell-route.ts";

/** Every page; each folder of `pages/` says its own paths and search parameters, and loads its code when it is opened. */
const routeTree = shellRoute.addChildren([
  ...firstRoutes,
  ...askRoutes,
  ...tasksRoutes,
  ...appliancesRoutes,
  ...confirmRoutes,
  ...certificatesRoutes,
  ...workersRoutes,
  ...flowRoutes,
  ...topologyRoutes,
  ...alertsRoutes,
  ...notificationsRoutes,
  ...actionsRoutes,
  ...schedulesRoutes,
  ...freezesRoutes,
  ...auditRoutes,
  ...secretsRoutes,
  ...peopleRoutes,
  ...tokensRoutes,
  ...tenantsRoutes,
  ...settingsRoutes,
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  scrollRestoration: true,
  // Answers are kept by the query client; a route only loads its code.
  defaultPreloadStaleTime: 0,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
