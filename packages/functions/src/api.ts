import { createApp, createHttpHandler } from "@steward/api/app";
import { bindDocuments } from "@steward/api/documents";
import { auditBindings } from "@steward/api/routes/audit";
import { certificateBindings } from "@steward/api/routes/certificates";
import { configurationBindings } from "@steward/api/routes/configuration";
import { fleetBindings } from "@steward/api/routes/fleet";
import { freezeBindings } from "@steward/api/routes/freezes";
import { limitBindings } from "@steward/api/routes/limits";
import { alertBindings } from "@steward/api/routes/alerts";
import { nodeBindings } from "@steward/api/routes/nodes";
import { overviewBindings } from "@steward/api/routes/overview";
import { queueBindings } from "@steward/api/routes/queues";
import { commandBindings } from "@steward/api/routes/commands";
import { scheduleBindings } from "@steward/api/routes/schedules";
import { taskBindings } from "@steward/api/routes/tasks";
import { catalogue } from "@steward/catalogue/catalogue";
import { routes } from "@steward/contracts/routes";
import { createAppDeps } from "./app-deps.ts";

const bindings = [
  ...auditBindings,
  ...certificateBindings,
  ...configurationBindings,
  ...fleetBindings,
  ...freezeBindings,
  ...limitBindings,
  ...queueBindings,
  ...nodeBindings,
  ...alertBindings,
  ...overviewBindings,
  ...scheduleBindings,
  ...taskBindings,
  ...commandBindings,
];

const deps = await createAppDeps("api", catalogue);

/** The routes that the table gives to `api`, with that function's rights; the documents; and what no route claims. */
export const handler = createHttpHandler(
  createApp(deps, {
    servedBy: "api",
    bindings,
    table: routes,
    documents: (app, requireApiDoor) => bindDocuments(app, deps, requireApiDoor),
  }),
);
