import { z } from "zod";
import { momentSchema } from "./bounded.ts";

/** `m h dom mon dow`, in the zone's own wall clock; checked by `core/schedule/recurrence.ts`. */
export const cronSchema = z
  .string()
  .trim()
  .min(9)
  .max(120)
  .regex(/^[\d*/,\-A-Za-z#?L ]+$/, "must be a cron expression of five fields");

export const timeZoneSchema = z
  .string()
  .min(1)
  .max(60)
  .refine(isTimeZone, "must be a time zone such as Europe/Berlin or UTC");

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Spans of time: again and again for so many minutes from each time of the cron expression, or once. */
export const spansSchema = z.union([
  z.strictObject({
    cron: cronSchema,
    timeZone: timeZoneSchema,
    durationMinutes: z
      .number()
      .int()
      .min(1)
      .max(7 * 24 * 60),
  }),
  z.strictObject({ from: momentSchema, until: momentSchema }).refine(({ from, until }) => from < until, {
    message: "must be later than from",
    path: ["until"],
  }),
]);
export type Spans = z.infer<typeof spansSchema>;
