import { z } from "zod";
import type { tenantLimits } from "./defaults.ts";
import { tenantIdSchema } from "./ids.ts";

/**
 * `suspended` and `deleting`: its people may look and nothing else happens, its machines go on being heard. `purging`:
 * what belongs to it is being removed, and there is no way back. `purged`: only its id is left, so that nobody gets it
 * again.
 */
export const tenantStatuses = ["active", "suspended", "deleting", "purging", "purged"] as const;
export type TenantStatus = (typeof tenantStatuses)[number];

export type TenantLimits = Record<keyof typeof tenantLimits, number>;

export const tenantViewSchema = z.strictObject({
  id: tenantIdSchema,
  name: z.string(),
  createdAt: z.iso.datetime(),
  status: z.enum(tenantStatuses),
  suspendedAt: z.iso.datetime().optional(),
  /** Why, as the provider's staff has put it. */
  suspendedReason: z.string().optional(),
  deleteAfter: z.iso.datetime().optional(),
});
export type TenantView = z.infer<typeof tenantViewSchema>;
