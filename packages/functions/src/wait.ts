import { createApp, createHttpHandler } from "@steward/api/app";
import { waitBindings } from "@steward/api/routes/wait";
import { createAppDeps } from "./app-deps.ts";

const bindings = waitBindings;

/** The routes that the table gives to `wait`, with that function's rights. */
export const handler = createHttpHandler(createApp(await createAppDeps("wait"), { servedBy: "wait", bindings }));
