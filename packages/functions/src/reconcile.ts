import { actForSystem } from "@steward/aws/tenant-fence";
import { reconcile } from "@steward/control/reconcile";
import { createContext } from "./context.ts";

const context = createContext("reconcile");

/** On a schedule: enforces every deadline. */
export async function handler(): Promise<void> {
  // Whoever's job ends here is told what else can be asked for.
  const { catalogue: actions } = await import("@steward/catalogue/catalogue");
  const { looked, failed } = await actForSystem("what is due, whoever's it is", () =>
    reconcile({
      ...context,
      actions,
      deregister: context.services.deregister,
      runSecrets: context.services.runSecrets,
    }),
  );
  if (looked > 0) context.log("info", "reconciled", { looked, failed });
}
