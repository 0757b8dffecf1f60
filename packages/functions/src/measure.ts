import { actForSystem } from "@steward/aws/tenant-fence";
import { measureLoad } from "@steward/control/measure-load";
import { createSecretMeasure } from "@steward/control/measure-secrets";
import { createContext } from "./context.ts";

const context = createContext("measure");
const measureSecrets = createSecretMeasure();

/** On a schedule: measures lanes and workers, and now and then how old the secrets are. */
export async function handler(): Promise<void> {
  await actForSystem("lanes and workers serve all tenants", () => measureLoad(context));
  await measureSecrets({ ...context, versions: context.services.secretVersions });
}
