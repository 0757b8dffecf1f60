import { z } from "zod";
import { recordUpTo } from "./bounded.ts";
import { risks } from "./risk.ts";
import { sourceKinds } from "./source.ts";
import { spansSchema } from "./spans.ts";

/** Steward's own: changes to so many appliances begin with a canary, which is at most this share of them. */
export const defaultCanaryFrom = 10;
export const defaultCanaryPercent = 25;

/** Text in which `*` is any text; all else is itself. No regular expressions: one of a tenant's may not run for hours. */
const patternSchema = z.string().min(1).max(200);
const reasonSchema = z.string().trim().min(1).max(300);

/**
 * One rule of a tenant: what fits all that it names is forbidden, or needs more than it would. It can only make the
 * answer stricter.
 */
export const forbidRuleSchema = z.strictObject({
  /** Of the step's action: `users.*`, `shell.run`. */
  action: patternSchema,
  /** Values that all have to fit, as text; of a list one is enough. */
  variables: recordUpTo(20, z.string().max(40), patternSchema).optional(),
  /** Tags of which a target must have one: `site:berlin`, `ring:*`. Absent: every target. */
  tags: z.array(z.string().min(1).max(120)).min(1).max(20).optional(),
  sources: z.array(z.enum(sourceKinds)).min(1).max(sourceKinds.length).optional(),
  /** Only then. Absent: always. */
  during: spansSchema.optional(),
  effect: z.enum(["forbid", "second_person"]).default("forbid"),
  why: reasonSchema,
});
export type ForbidRule = z.infer<typeof forbidRuleSchema>;

/** What a tenant asks of every change beyond what Steward asks by itself. `PUT /policy` replaces all of it. */
export const tenantPolicySchema = z.strictObject({
  forbid: z.array(forbidRuleSchema).max(50).default([]),
  /** From this risk on another person approves. Steward's own: `high`. */
  twoPersonFrom: z.enum(risks).optional(),
  /** A yes takes a preview of the very same plan that is not older. */
  previewMinutes: z
    .number()
    .int()
    .min(1)
    .max(24 * 60)
    .optional(),
  /** The exact commands that `shell.run` may run. Absent: none. */
  shell: z.strictObject({ commands: z.array(z.string().min(1).max(1_000)).max(100) }).optional(),
  /** One change may reach at most this share of the appliances. */
  maxBlastPercent: z.number().int().min(1).max(100).optional(),
  /** Changes to so many appliances or more begin with a canary. Steward's own: `defaultCanaryFrom`. */
  canaryFrom: z.number().int().min(2).max(defaultCanaryFrom).optional(),
  /** The canary is at most this share of the targets, and one appliance always may be. Steward's own: `defaultCanaryPercent`. */
  maxCanaryPercent: z.number().int().min(1).max(defaultCanaryPercent).optional(),
  /** Outputs of runs are kept for so long. */
  outputDays: z.number().int().min(1).max(3_650).optional(),
});
export type TenantPolicy = z.infer<typeof tenantPolicySchema>;

/** The policy of a tenant that has set none. */
export const noPolicy: TenantPolicy = { forbid: [] };

/** `revision` 0: nobody has set one. */
export const tenantPolicyViewSchema = tenantPolicySchema.extend({
  revision: z.number().int().nonnegative(),
  updatedAt: z.iso.datetime().optional(),
  updatedBy: z.strictObject({ id: z.string(), name: z.string() }).optional(),
});
export type TenantPolicyView = z.infer<typeof tenantPolicyViewSchema>;

/** `revision`: the one that was looked at; another one in force is a conflict. Absent: whatever is in force. */
export const putTenantPolicySchema = tenantPolicySchema.extend({ revision: z.number().int().nonnegative().optional() });
