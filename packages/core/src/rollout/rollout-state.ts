import type { Mode, RolloutParameters } from "@steward/contracts/plan";
import type { RolloutStatus } from "@steward/contracts/states";
import type { Versioned } from "../versioned.ts";

/** The execution of an approved plan. No counters: everything is counted from the runs. */
export interface RolloutState extends Versioned {
  tenantId: string;
  rolloutId: string;
  taskId: string;
  status: RolloutStatus;
  parameters: RolloutParameters;
  mode: Mode;
  targets: { id: string; name: string }[];
  createdAtMs: number;
  updatedAtMs: number;
  /** The plan's expiry. */
  expiresAtMs: number;
  /** Sum of the steps' timeouts and the grace. */
  allowedMs: number;
  cancelReason?: string;
  result?: {
    status: "succeeded" | "failed" | "simulated" | "cancelled" | "expired";
    message: string;
    counts: Record<string, number>;
  };
}
