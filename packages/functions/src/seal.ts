import { actForSystem } from "@steward/aws/tenant-fence";
import { sealTrail } from "@steward/control/seal-trail";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("seal");
const { log, meter, nowMs, services } = context;
const deps = { ...context, seals: services.seals, signer: services.signer("seal") };

/** On a schedule: seals what the audit trail has got since. */
export const handler = redactErrors(async (): Promise<void> => {
  const { seals, entries, oldestLeftMs } = await actForSystem("every tenant's trail", () => sealTrail(deps));
  meter("EntriesSealed", entries);
  meter("UnsealedSeconds", oldestLeftMs === undefined ? 0 : Math.max(0, nowMs() - oldestLeftMs) / 1000);
  // Last, and always: that these come is how anybody knows that the sealer works.
  meter("SealsMade", seals);
  if (entries > 0) log("info", "sealed", { seals, entries });
});
