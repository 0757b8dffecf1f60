import type { TenantPolicy } from "@steward/contracts/tenant-policy";
import type { Versioned } from "../versioned.ts";

/** What a tenant forbids, and what it asks of a change. */
export interface PolicyState extends Versioned {
  tenantId: string;
  policy: TenantPolicy;
  updatedAtMs: number;
  updatedBy: { id: string; name: string };
  /** Who has changed it lately: they may not be the second person of a plan of that time. */
  edits: { by: string; atMs: number }[];
}
