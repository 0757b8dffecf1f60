import { actForSystem } from "@steward/aws/tenant-fence";
import { keepWorkerQueues } from "@steward/control/keep-worker-queues";
import { reconcile } from "@steward/control/reconcile";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("reconcile");

/** On a schedule: enforces every deadline, and sees to the workers' queues. */
export const handler = redactErrors(async (): Promise<void> => {
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
  const { made, removed } = await keepWorkerQueues({ ...context, workerQueues: context.services.workerQueues });
  if (made + removed > 0) context.log("info", "worker_queues_kept", { made, removed });
});
