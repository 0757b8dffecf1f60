import type { Binding } from "./bind.ts";
import { applianceBindings } from "./routes/appliances.ts";
import { enrolmentBindings } from "./routes/enrolment.ts";
import { freezeBindings } from "./routes/freezes.ts";
import { jobBindings } from "./routes/jobs.ts";
import { nodeBindings } from "./routes/nodes.ts";
import { overviewBindings } from "./routes/overview.ts";
import { sessionBindings } from "./routes/sessions.ts";
import { taskBindings } from "./routes/tasks.ts";

/** Every route of Steward with the use case that serves it. */
export const bindings: readonly Binding[] = [
  ...sessionBindings,
  ...taskBindings,
  ...nodeBindings,
  ...freezeBindings,
  ...overviewBindings,
  ...enrolmentBindings,
  ...applianceBindings,
  ...jobBindings,
];
