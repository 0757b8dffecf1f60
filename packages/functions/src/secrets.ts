import { createApp, createHttpHandler } from "@steward/api/app";
import { secretBindings } from "@steward/api/routes/secrets";
import { createAppDeps } from "./app-deps.ts";

const deps = await createAppDeps("secrets");

/** The routes that the table gives to `secrets`, with that function's rights. */
export const handler = createHttpHandler(createApp(deps, { servedBy: "secrets", bindings: secretBindings }));
