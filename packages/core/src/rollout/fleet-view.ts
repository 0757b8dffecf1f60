import type { Health } from "@steward/contracts/heartbeat";
import type { RolloutState } from "./rollout-state.ts";

/** An appliance as its heartbeats show it now. */
export interface Seen {
  health: Health;
  healthSinceMs: number;
  lastSeenAtMs: number;
  /** Between two heartbeats, as it was told or keeps itself: the longer of both. */
  intervalMs: number;
  /** Its tags `site:…`. */
  sites: readonly string[];
}

/** By appliance id. Who is missing in it has not been seen: a health gate waits for them, and a site counts without them. */
export type Fleet = ReadonlyMap<string, Seen>;

/**
 * What a rollout has to be shown: its targets (`targets`), and the other appliances of their sites too (`sites`).
 * Undefined: nothing, as for most.
 */
export function neededFleet({ parameters, mode }: RolloutState): "targets" | "sites" | undefined {
  if (mode === "check") return undefined;
  if (parameters.minHealthy !== undefined) return "sites";
  return parameters.healthGate === undefined ? undefined : "targets";
}
