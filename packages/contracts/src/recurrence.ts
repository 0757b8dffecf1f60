import { z } from "zod";

/** An IANA name, `Europe/Berlin`. Whether it exists is judged by `due-times.ts`. */
export const timeZoneSchema = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/, "must be the name of a time zone, such as Europe/Berlin");

/** Five fields: minute, hour, day of the month, month, day of the week. Names (`MON`, `JAN`), `L` and `MON#1` too. */
export const cronSchema = z
  .string()
  .max(200)
  .regex(
    /^[0-9A-Za-z*,/#-]+( +[0-9A-Za-z*,/#-]+){4}$/,
    "must have five fields: minute, hour, day of the month, month, day of the week; such as 0 3 * * MON",
  );

export const rateSchema = z
  .string()
  .max(40)
  .regex(
    /^every ([1-9][0-9]{0,4} )?(minute|hour|day|week)s?$/,
    "must look like every 15 minutes, every 6 hours, every 2 days",
  );

export const cronRecurrenceSchema = z.strictObject({ cron: cronSchema, timeZone: timeZoneSchema });
/** So much time apart, whatever the clocks on the walls do; counted from `anchorMs`, or from 1970. */
export const rateRecurrenceSchema = z.strictObject({
  rate: rateSchema,
  anchorMs: z.number().int().min(0).max(8.64e15).optional(),
});
/** When something happens again and again. */
export const recurrenceSchema = z.union([cronRecurrenceSchema, rateRecurrenceSchema]);
export type Recurrence = z.infer<typeof recurrenceSchema>;
