import { z } from "zod";

const pair = (value: z.ZodNumber) =>
  z
    .tuple([value, value])
    .refine(([warning, critical]) => warning < critical, { message: "warning must be below critical" });
const percentPair = pair(z.number().min(1).max(100));

/** `[warning, critical]`; at that value and above. What is absent is as the level above has it: tenant, then Steward's own. */
export const thresholdsSchema = z.strictObject({
  cpuPercent: percentPair.optional(),
  memoryPercent: percentPair.optional(),
  diskPercent: percentPair.optional(),
  loadAverage1m: pair(z.number().min(0.1).max(10_000)).optional(),
});
export type ThresholdsGiven = z.infer<typeof thresholdsSchema>;

const whole = z.strictObject({
  cpuPercent: percentPair,
  memoryPercent: percentPair,
  diskPercent: percentPair,
  loadAverage1m: pair(z.number()),
});

/** `PUT /thresholds`: all of it; what is absent is Steward's own again. */
export const putAlertingSchema = z.strictObject({
  thresholds: thresholdsSchema.default({}),
  /** Somebody else is told of a critical alert that nobody has acknowledged for so long. Absent: nobody. */
  escalateAfterMinutes: z
    .number()
    .int()
    .min(1)
    .max(7 * 24 * 60)
    .optional(),
});

export const alertingViewSchema = z.strictObject({
  /** What the tenant has set. */
  thresholds: thresholdsSchema,
  /** What its nodes are judged by where nothing else is set for one. */
  inForce: whole,
  escalateAfterMinutes: z.number().int().optional(),
  updatedAt: z.iso.datetime().optional(),
  updatedBy: z.strictObject({ id: z.string(), name: z.string() }).optional(),
});
export type AlertingView = z.infer<typeof alertingViewSchema>;

/** `GET/PUT /nodes/{id}/thresholds` */
export const nodeThresholdsViewSchema = z.strictObject({
  /** What is set for this node alone. */
  thresholds: thresholdsSchema,
  inForce: whole,
});
export type NodeThresholdsView = z.infer<typeof nodeThresholdsViewSchema>;
