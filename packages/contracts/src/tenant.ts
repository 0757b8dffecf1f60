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

const amount = (most: number) => z.number().int().min(0).max(most);
/** The most that staff can set: far above what one tenant can use, and small enough to be counted exactly. */
const limitSchemas = {
  appliances: amount(1_000_000),
  tasksPerDay: amount(100_000_000),
  queuedJobs: amount(1_000_000),
  modelUsdPerMonth: z.number().min(0).max(1_000_000),
  outputBytesPerDay: amount(2 ** 50),
} satisfies Record<keyof TenantLimits, z.ZodType>;
export const tenantLimitsSchema = z.strictObject(limitSchemas);

/** `PUT /tenants/{id}/limits`: all that are set; one that is left out, or `null`, is the installation's default again. */
export const setTenantLimitsSchema = z.strictObject({
  appliances: limitSchemas.appliances.nullish(),
  tasksPerDay: limitSchemas.tasksPerDay.nullish(),
  queuedJobs: limitSchemas.queuedJobs.nullish(),
  modelUsdPerMonth: limitSchemas.modelUsdPerMonth.nullish(),
  outputBytesPerDay: limitSchemas.outputBytesPerDay.nullish(),
});

export const tenantNameSchema = z.string().trim().min(1).max(100);

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

/** One tenant: also what it may use. */
export const tenantDetailsSchema = tenantViewSchema.extend({
  limits: tenantLimitsSchema,
  /** Which of them are its own, and not the installation's defaults. */
  ownLimits: z.array(z.keyof(tenantLimitsSchema)),
});
export type TenantDetails = z.infer<typeof tenantDetailsSchema>;

/** The kinds of records that an export has, in its order. */
export const exportedKinds = [
  "tenant",
  "person",
  "node",
  "certificate",
  "facts",
  "configuration",
  "freeze",
  "policy",
  "window",
  "schedule",
  "task",
  "job",
  "rollout",
  "run",
  "notification",
  "alert",
  "alerting",
  "audit",
] as const;
export type ExportedKind = (typeof exportedKinds)[number];

/** One line of an export: the record as it is stored, without what proves something (hashes of tokens and secrets). */
export const exportedRecordSchema = z.strictObject({
  kind: z.enum(exportedKinds),
  id: z.string(),
  record: z.record(z.string(), z.unknown()),
});
export type ExportedRecord = z.infer<typeof exportedRecordSchema>;
