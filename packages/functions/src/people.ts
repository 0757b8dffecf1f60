import { createApp, createHttpHandler } from "@steward/api/app";
import { issuerBindings } from "@steward/api/routes/issuers";
import { notificationBindings } from "@steward/api/routes/notifications";
import { policyBindings } from "@steward/api/routes/policy";
import { principalBindings } from "@steward/api/routes/principals";
import { tenantBindings } from "@steward/api/routes/tenants";
import { tokenBindings } from "@steward/api/routes/tokens";
import { windowBindings } from "@steward/api/routes/windows";
import { createAppDeps } from "./app-deps.ts";

const deps = await createAppDeps("people");
const bindings = [
  ...tenantBindings,
  ...principalBindings,
  ...tokenBindings,
  ...issuerBindings,
  ...policyBindings,
  ...windowBindings,
  ...notificationBindings,
];

/** The routes that say who may do what, with that function's rights: no other writes people, tokens or one-time links. */
export const handler = createHttpHandler(createApp(deps, { servedBy: "people", bindings }));
