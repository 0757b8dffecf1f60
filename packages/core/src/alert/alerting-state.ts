import { defaultThresholds } from "@steward/contracts/defaults";
import type { NodeState, Thresholds } from "../node/node-state.ts";
import type { Versioned } from "../versioned.ts";

/** From when on a tenant's nodes are not healthy, and who is told if nobody looks. */
export interface AlertingState extends Versioned {
  tenantId: string;
  thresholds: Partial<Thresholds>;
  /** Absent: nobody is. */
  escalateAfterMinutes?: number;
  /** By whom it was set last. Absent where nobody has: it is there only to have nodes looked at. */
  updatedAtMs?: number;
  updatedBy?: { id: string; name: string };
}

/** What a node is judged by: its own, else its tenant's, else Steward's. */
export function thresholdsInForce(
  alerting: Pick<AlertingState, "thresholds"> | undefined,
  node: Pick<NodeState, "thresholds">,
): Thresholds {
  return { ...defaultThresholds, ...alerting?.thresholds, ...node.thresholds };
}
