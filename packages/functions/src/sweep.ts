import { sweepPresence } from "@steward/control/sweep-presence";
import { createContext } from "./context.ts";
import { sendNodeEvent } from "./node-events.ts";

const context = createContext("sweep");

/** On a schedule: turns silent nodes `offline`. */
export async function handler(): Promise<void> {
  const { nodes, announced } = await sweepPresence({ ...context, sendNodeEvent });
  if (announced > 0) context.log("info", "swept", { nodes, announced });
}
