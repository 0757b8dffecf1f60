import { actForSystem } from "@steward/aws/tenant-fence";
import { runSchedules } from "@steward/control/run-schedules";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("schedule");
/** Made once, and only where something is due. */
const loadActions = async () => (await import("@steward/catalogue/catalogue")).catalogue;

/** On a schedule: does what other schedules say. */
export const handler = redactErrors(async (): Promise<void> => {
  const { looked, failed } = await actForSystem("which schedules are due, whoever's they are", () =>
    runSchedules({ ...context, loadActions }),
  );
  if (looked > 0) context.log("info", "schedules_run", { looked, failed });
});
