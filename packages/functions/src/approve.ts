import { createApp, createHttpHandler } from "@steward/api/app";
import { approveBindings } from "@steward/api/routes/approve";
import { createAppDeps } from "./app-deps.ts";

const bindings = approveBindings;

/** The routes that the table gives to `approve`, with that function's rights. */
export const handler = createHttpHandler(createApp(await createAppDeps("approve"), { servedBy: "approve", bindings }));
