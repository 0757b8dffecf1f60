import type { NodeEvent } from "@steward/control/accept-heartbeat";
import { sweepPresence } from "@steward/control/sweep-presence";
import { createContext } from "./context.ts";

const context = createContext("sweep");
const sendNodeEvent = (event: NodeEvent) => context.queues.send("node-events", event, { groupId: event.tenantId });

/** On a schedule: turns silent nodes `offline`. */
export async function handler(): Promise<void> {
  const { nodes, announced } = await sweepPresence({ ...context, sendNodeEvent });
  if (announced > 0) context.log("info", "swept", { nodes, announced });
}
