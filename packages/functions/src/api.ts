import { createApp, createHttpHandler } from "@steward/api/app";
import { freezeBindings } from "@steward/api/routes/freezes";
import { nodeBindings } from "@steward/api/routes/nodes";
import { overviewBindings } from "@steward/api/routes/overview";
import { taskBindings } from "@steward/api/routes/tasks";
import { createAppDeps } from "./app-deps.ts";

const bindings = [...freezeBindings, ...nodeBindings, ...overviewBindings, ...taskBindings];

/** The routes that the table gives to `api`, with that function's rights. */
export const handler = createHttpHandler(createApp(await createAppDeps("api"), { servedBy: "api", bindings }));
