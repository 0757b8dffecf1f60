import { momentsOf, type Spans } from "@steward/contracts/spans";
import { nextDue, previousDue } from "@steward/contracts/due-times";

/** Whether a moment lies in one of the spans, and when that changes next; absent: never again, as far as one can see. */
export interface SpansNow {
  open: boolean;
  changesAtMs?: number;
}

/** Spans that overlap are one. Beyond so many in a row nobody asks when they end. */
const maxOverlaps = 50;

/** The end of a span no longer belongs to it. A duration is time that passes: the clocks on the walls may be set in it. */
export function spansAt(spans: Spans, atMs: number): SpansNow {
  if ("from" in spans) {
    const { fromMs, untilMs } = momentsOf(spans);
    if (atMs < fromMs) return { open: false, changesAtMs: fromMs };
    return atMs < untilMs ? { open: true, changesAtMs: untilMs } : { open: false };
  }
  const durationMs = spans.durationMinutes * 60_000;
  let began = previousDue(spans, atMs);
  if (began === undefined || atMs >= began + durationMs) {
    const next = nextDue(spans, atMs);
    return next === undefined ? { open: false } : { open: false, changesAtMs: next };
  }
  for (let count = 0; count < maxOverlaps; count += 1) {
    const next = nextDue(spans, began);
    if (next === undefined || next > began + durationMs) return { open: true, changesAtMs: began + durationMs };
    began = next;
  }
  return { open: true };
}
