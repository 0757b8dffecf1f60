import { z } from "zod";
import { tiers } from "./states.ts";

/** What a tenant has a quota of, in the words of its limits. */
export const quotaNames = ["appliances", "tasksPerDay", "queuedJobs", "modelUsdPerMonth", "outputBytesPerDay"] as const;
export type QuotaName = (typeof quotaNames)[number];

const quotaUseSchema = z.strictObject({
  quota: z.enum(quotaNames),
  limit: z.number().nonnegative(),
  used: z.number().nonnegative(),
  /** Of `used`, what is only held back for questions that are under way. */
  reserved: z.number().nonnegative().optional(),
  /** When it begins anew; absent where only what ends makes room. */
  resetsAt: z.iso.datetime().optional(),
});

/** `GET /limits` */
export const limitsViewSchema = z.strictObject({
  quotas: z.array(quotaUseSchema),
  rates: z.array(
    z.strictObject({
      name: z.enum(["principal", "tenant"]),
      perSecond: z.number().positive(),
      burst: z.number().int().positive(),
    }),
  ),
  waits: z.number().int().positive(),
  /**
   * What models took this month, by tier, failures too. Statistics: what Claude may still cost is held to the quota above,
   * which is exact.
   */
  models: z.array(
    z.strictObject({
      tier: z.enum(tiers),
      jobs: z.number().int(),
      failures: z.number().int(),
      tokens: z.number().int(),
      seconds: z.number(),
      costUsd: z.number(),
    }),
  ),
});
export type LimitsView = z.infer<typeof limitsViewSchema>;
