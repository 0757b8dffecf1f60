import { z } from "zod";

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
});
export type LimitsView = z.infer<typeof limitsViewSchema>;
