import { z } from "zod";
import { momentSchema } from "./bounded.ts";
import { cronRecurrenceSchema } from "./recurrence.ts";

/** The longest that one span of a recurring one may last. */
const maxSpanMinutes = 7 * 24 * 60;

/** Spans of time: again and again for so many minutes from each time of the pattern, or one from then until then. */
export const spansSchema = z.union([
  cronRecurrenceSchema.extend({ durationMinutes: z.number().int().min(1).max(maxSpanMinutes) }),
  z
    .strictObject({ from: momentSchema, until: momentSchema })
    .refine(({ from, until }) => Date.parse(from) < Date.parse(until), {
      message: "must be later than from",
      path: ["until"],
    }),
]);
export type Spans = z.infer<typeof spansSchema>;
