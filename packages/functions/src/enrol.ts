import { createApp, createHttpHandler } from "@steward/api/app";
import { enrolmentBindings } from "@steward/api/routes/enrolment";
import { workerBindings } from "@steward/api/routes/workers";
import { createAppDeps } from "./app-deps.ts";

const bindings = [...enrolmentBindings, ...workerBindings];

/** The routes that the table gives to `enrol`, with that function's rights. */
export const handler = createHttpHandler(createApp(await createAppDeps("enrol"), { servedBy: "enrol", bindings }));
