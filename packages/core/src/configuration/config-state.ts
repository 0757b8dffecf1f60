import type { ApplianceConfig } from "@steward/contracts/appliance-config";
import type { Versioned } from "../versioned.ts";

/** What an appliance's agent is to keep to. Its revision is the record's version. */
export interface ConfigState extends Versioned {
  tenantId: string;
  nodeId: string;
  config: ApplianceConfig;
  changedAtMs: number;
  changedBy: { id: string; name: string };
}
