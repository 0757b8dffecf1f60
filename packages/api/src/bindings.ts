import type { ServedBy } from "@steward/contracts/route";
import type { Binding } from "./bind.ts";
import { applianceBindings } from "./routes/appliances.ts";
import { approveBindings } from "./routes/approve.ts";
import { auditBindings } from "./routes/audit.ts";
import { certificateBindings } from "./routes/certificates.ts";
import { configurationBindings } from "./routes/configuration.ts";
import { deadLetterBindings } from "./routes/dead-letters.ts";
import { enrolmentBindings } from "./routes/enrolment.ts";
import { fleetBindings } from "./routes/fleet.ts";
import { freezeBindings } from "./routes/freezes.ts";
import { heartbeatBindings } from "./routes/heartbeat.ts";
import { issuerBindings } from "./routes/issuers.ts";
import { jobBindings } from "./routes/jobs.ts";
import { limitBindings } from "./routes/limits.ts";
import { alertBindings } from "./routes/alerts.ts";
import { nodeBindings } from "./routes/nodes.ts";
import { notificationBindings } from "./routes/notifications.ts";
import { overviewBindings } from "./routes/overview.ts";
import { policyBindings } from "./routes/policy.ts";
import { principalBindings } from "./routes/principals.ts";
import { queueBindings } from "./routes/queues.ts";
import { scheduleBindings } from "./routes/schedules.ts";
import { secretBindings } from "./routes/secrets.ts";
import { sessionBindings } from "./routes/sessions.ts";
import { commandBindings } from "./routes/commands.ts";
import { supportBindings } from "./routes/support.ts";
import { taskBindings } from "./routes/tasks.ts";
import { tenantBindings } from "./routes/tenants.ts";
import { tokenBindings } from "./routes/tokens.ts";
import { waitBindings } from "./routes/wait.ts";
import { windowBindings } from "./routes/windows.ts";
import { workerBindings } from "./routes/workers.ts";

/**
 * Every route of Steward with the use case that serves it, by function. A function imports its own list from `routes/`
 * and not this, so that it loads only what it runs.
 */
export const bindingsByFunction: Readonly<Record<ServedBy, readonly Binding[]>> = {
  api: [
    ...taskBindings,
    ...commandBindings,
    ...queueBindings,
    ...fleetBindings,
    ...nodeBindings,
    ...alertBindings,
    ...freezeBindings,
    ...auditBindings,
    ...overviewBindings,
    ...limitBindings,
    ...scheduleBindings,
    ...certificateBindings,
    ...configurationBindings,
  ],
  wait: waitBindings,
  sessions: sessionBindings,
  people: [
    ...tenantBindings,
    ...principalBindings,
    ...tokenBindings,
    ...issuerBindings,
    ...policyBindings,
    ...windowBindings,
    ...notificationBindings,
  ],
  approve: approveBindings,
  support: supportBindings,
  secrets: secretBindings,
  queues: deadLetterBindings,
  enrol: [...enrolmentBindings, ...workerBindings],
  nodes: [...applianceBindings, ...jobBindings],
  heartbeat: heartbeatBindings,
};
export const bindings: readonly Binding[] = Object.values(bindingsByFunction).flat();
