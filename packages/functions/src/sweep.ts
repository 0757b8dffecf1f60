import { actForSystem } from "@steward/aws/tenant-fence";
import type { FleetEvent, NodeEvent } from "@steward/control/accept-heartbeat";
import { sweepPresence } from "@steward/control/sweep-presence";
import { createContext } from "./context.ts";
import { redactErrors } from "./redact-errors.ts";

const context = createContext("sweep");
const sendNodeEvent = (event: NodeEvent | FleetEvent) =>
  context.queues.send("node-events", event, { groupId: event.tenantId });

/** On a schedule: turns silent nodes `offline`, and keeps what lists and plots of large fleets are made from. */
export const handler = redactErrors(async (): Promise<void> => {
  const swept = await actForSystem("every node that is silent, whoever's", () =>
    sweepPresence({ ...context, sendNodeEvent }),
  );
  const { expected, online, expiring, announced } = swept;
  const { log, meter } = context;
  // Last, and always: that these come is how anybody knows that the sweep works.
  meter("NodesExpected", expected);
  meter("NodesOnline", online);
  meter("CertificatesExpiring", expiring);
  meter("Transitions", announced);
  if (announced > 0) log("info", "swept", { ...swept });
});
