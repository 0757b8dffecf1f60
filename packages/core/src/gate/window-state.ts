import type { Spans } from "@steward/contracts/spans";
import type { WindowKind } from "@steward/contracts/window";
import type { Versioned } from "../versioned.ts";

/** A maintenance window or a blackout of a tenant. */
export interface WindowState extends Versioned {
  tenantId: string;
  windowId: string;
  kind: WindowKind;
  name: string;
  when: Spans;
  /** For appliances with one of these tags; absent: for all. */
  tags?: string[];
  readsToo?: boolean;
  createdBy: string;
  createdAtMs: number;
  endedAtMs?: number;
}
