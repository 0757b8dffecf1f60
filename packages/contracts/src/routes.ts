import { alertRoutes } from "./routes/alerts.ts";
import { applianceRoutes } from "./routes/appliances.ts";
import { approveRoutes } from "./routes/approve.ts";
import { auditRoutes } from "./routes/audit.ts";
import { certificateRoutes } from "./routes/certificates.ts";
import { commandRoutes } from "./routes/commands.ts";
import { configurationRoutes } from "./routes/configuration.ts";
import { deadLetterRoutes } from "./routes/dead-letters.ts";
import { enrolmentRoutes } from "./routes/enrolment.ts";
import { fleetRoutes } from "./routes/fleet.ts";
import { freezeRoutes } from "./routes/freezes.ts";
import { heartbeatRoutes } from "./routes/heartbeat.ts";
import { issuerRoutes } from "./routes/issuers.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { limitRoutes } from "./routes/limits.ts";
import { nodeRoutes } from "./routes/nodes.ts";
import { notificationRoutes } from "./routes/notifications.ts";
import { overviewRoutes } from "./routes/overview.ts";
import { policyRoutes } from "./routes/policy.ts";
import { principalRoutes } from "./routes/principals.ts";
import { queueRoutes } from "./routes/queues.ts";
import { scheduleRoutes } from "./routes/schedules.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { supportRoutes } from "./routes/support.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { tenantRoutes } from "./routes/tenants.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { waitRoutes } from "./routes/wait.ts";
import { windowRoutes } from "./routes/windows.ts";
import { workerRoutes } from "./routes/workers.ts";

/**
 * Every route of Steward. A route without a door and an access rule cannot be written. A function imports its own list
 * from `routes/` and not this: the shapes of all the others would be made at each of its starts.
 */
export const routes = {
  ...sessionRoutes,
  ...principalRoutes,
  ...tokenRoutes,
  ...issuerRoutes,
  ...taskRoutes,
  ...supportRoutes,
  ...commandRoutes,
  ...waitRoutes,
  ...approveRoutes,
  // Before those of one node: `recommend` and `health` are no ids.
  ...fleetRoutes,
  ...queueRoutes,
  ...deadLetterRoutes,
  ...nodeRoutes,
  ...alertRoutes,
  ...configurationRoutes,
  ...overviewRoutes,
  ...freezeRoutes,
  ...policyRoutes,
  ...notificationRoutes,
  ...scheduleRoutes,
  ...windowRoutes,
  ...auditRoutes,
  ...secretRoutes,
  ...tenantRoutes,
  ...limitRoutes,
  ...enrolmentRoutes,
  ...certificateRoutes,
  ...heartbeatRoutes,
  ...applianceRoutes,
  ...jobRoutes,
  ...workerRoutes,
} as const;

export type RouteName = keyof typeof routes;
