import { createApp, createHttpHandler } from "@steward/api/app";
import { deadLetterBindings } from "@steward/api/routes/dead-letters";
import { createAppDeps } from "./app-deps.ts";

const deps = await createAppDeps("queues");

/** Dead letters: the routes that the table gives to `queues`. No other function may receive what nobody could work on. */
export const handler = createHttpHandler(createApp(deps, { servedBy: "queues", bindings: deadLetterBindings }));
