import { createApp, createHttpHandler } from "@steward/api/app";
import { applianceBindings } from "@steward/api/routes/appliances";
import { jobBindings } from "@steward/api/routes/jobs";
import { catalogue } from "@steward/catalogue/catalogue";
import { routes } from "@steward/contracts/routes";
import { createAppDeps } from "./app-deps.ts";

const bindings = [...applianceBindings, ...jobBindings];

/** The routes that the table gives to `nodes`, with that function's rights; and what no route claims at that door. */
export const handler = createHttpHandler(
  createApp(await createAppDeps("nodes", catalogue), { servedBy: "nodes", bindings, table: routes }),
);
