import { createApp, createHttpHandler } from "@steward/api/app";
import { approveBindings } from "@steward/api/routes/approve";
import { createAppDeps } from "./app-deps.ts";

const bindings = approveBindings;
/** For standing approvals only: what they are for is planned here and not believed. */
const loadActions = async () => (await import("@steward/catalogue/catalogue")).catalogue;
const deps = { ...(await createAppDeps("approve")), loadActions };

/** The routes that the table gives to `approve`, with that function's rights. */
export const handler = createHttpHandler(createApp(deps, { servedBy: "approve", bindings }));
