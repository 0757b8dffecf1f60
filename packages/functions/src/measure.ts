import { actForSystem } from "@steward/aws/tenant-fence";
import { certificatesOf } from "@steward/control/ensure-ca-certificate";
import { measureLoad } from "@steward/control/measure-load";
import { createSecretMeasure } from "@steward/control/measure-secrets";
import { measureTrust } from "@steward/control/measure-trust";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("measure");
const measureSecrets = createSecretMeasure();

/** On a schedule: measures lanes and workers, and now and then how old the secrets are; and how long the CA, the trust document and the release last. */
export const handler = redactErrors(async (): Promise<void> => {
  await actForSystem("lanes and workers serve all tenants", () => measureLoad(context));
  await measureSecrets({ ...context, versions: context.services.secretVersions });
  await measureTrust(context);
  // The newest: while the CA is rotated, the old one is there until nothing hangs on it any more.
  const ends = certificatesOf(await context.parameter("ca-certificate")).map((one) => one.validToDate.getTime());
  context.meter("CaDaysLeft", Math.max(0, Math.floor((Math.max(...ends) - context.nowMs()) / 86_400_000)));
});
