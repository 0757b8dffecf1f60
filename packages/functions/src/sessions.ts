import { createApp, createHttpHandler } from "@steward/api/app";
import { sessionBindings } from "@steward/api/routes/sessions";
import { createAppDeps } from "./app-deps.ts";

const bindings = sessionBindings;

/** The routes that the table gives to `sessions`, with that function's rights. */
export const handler = createHttpHandler(
  createApp(await createAppDeps("sessions"), { servedBy: "sessions", bindings }),
);
