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

/** The two moments of spans that come once, in milliseconds. */
export function momentsOf({ from, until }: Extract<Spans, { from: string }>): { fromMs: number; untilMs: number } {
  return { fromMs: Date.parse(from), untilMs: Date.parse(until) };
}

/** `2026-11-25 22:00 UTC`, for people. */
export function utcText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
