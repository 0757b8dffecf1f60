import { createApp, createHttpHandler } from "@steward/api/app";
import { applianceBindings } from "@steward/api/routes/appliances";
import { jobBindings } from "@steward/api/routes/jobs";
import { createAppDeps } from "./app-deps.ts";

const bindings = [...applianceBindings, ...jobBindings];

/** The routes that the table gives to `nodes`, with that function's rights. */
export const handler = createHttpHandler(createApp(await createAppDeps("nodes"), { servedBy: "nodes", bindings }));
