import { nextDue, previousDue } from "@steward/contracts/due-times";
import { momentsOf, type Spans } from "@steward/contracts/spans";

/** From then, and up to before that. */
export interface Span {
  fromMs: number;
  untilMs: number;
}

/** Nobody draws more of them in one week. */
const mostSpans = 2_000;

/** The spans that touch a stretch of time, cut to it; what overlaps is one. */
export function spansBetween(when: Spans, fromMs: number, untilMs: number): Span[] {
  const cut = (span: Span): Span => ({
    fromMs: Math.max(span.fromMs, fromMs),
    untilMs: Math.min(span.untilMs, untilMs),
  });
  const touches = (span: Span) => span.fromMs < untilMs && span.untilMs > fromMs;
  if ("from" in when) {
    const only = momentsOf(when);
    return touches(only) ? [cut(only)] : [];
  }
  const lastsMs = when.durationMinutes * 60_000;
  const spans: Span[] = [];
  let began = previousDue(when, fromMs) ?? nextDue(when, fromMs);
  for (let count = 0; began !== undefined && began < untilMs && count < mostSpans; count += 1) {
    const span = { fromMs: began, untilMs: began + lastsMs };
    const last = spans.at(-1);
    if (touches(span)) {
      if (last !== undefined && span.fromMs <= last.untilMs) last.untilMs = Math.min(span.untilMs, untilMs);
      else spans.push(cut(span));
    }
    began = nextDue(when, began);
  }
  return spans;
}

/** The midnights of eight days from the one that a moment is in, on this browser's clocks: a week's days and its end. */
export function daysFrom(atMs: number, weeks = 0): number[] {
  const day = new Date(atMs);
  return Array.from({ length: 8 }, (_, index) =>
    new Date(day.getFullYear(), day.getMonth(), day.getDate() + index + 7 * weeks).getTime(),
  );
}

/** Where a moment is between two others, in percent. */
export function shareOf(atMs: number, fromMs: number, untilMs: number): number {
  return Math.min(100, Math.max(0, ((atMs - fromMs) / (untilMs - fromMs)) * 100));
}
