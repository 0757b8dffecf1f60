import { actForSystem } from "@steward/aws/tenant-fence";
import { expireOutputs } from "@steward/control/expire-outputs";
import { purgeTenants } from "@steward/control/purge-tenants";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("purge", { scans: true });
const { services, outputBucket, fleetBucket } = context;

/** On a schedule: removes tenants whose grace period is over, and outputs that are older than their tenant keeps them. */
export const handler = redactErrors(async (): Promise<void> => {
  const objects = services.objectRemover;
  const { removed, purged, failed } = await actForSystem("all that is left of a tenant, wherever it is", () =>
    purgeTenants({ ...context, objects, outputBucket, fleetBucket, runSecrets: services.runSecrets }),
  );
  if (removed + purged + failed > 0) context.log("info", "purged", { removed, purged, failed });
  const expired = await actForSystem("outputs that are older than their tenant keeps them", () =>
    expireOutputs({ ...context, objects, outputBucket }),
  );
  if (expired.removed + expired.failed > 0) context.log("info", "outputs_expired", expired);
  // Said by failing: a tenant that cannot be removed has the alarm of a schedule that stands still.
  if (failed > 0) throw new Error(`${failed} tenants could not be removed: see purge_failed`);
});
