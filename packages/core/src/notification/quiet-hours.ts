import type { QuietHours } from "@steward/contracts/notification";
import { instantOf, offsetAt } from "@steward/contracts/zone";

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** Until when it is quiet there; undefined where it is not now. By the clocks on that wall, also when they are set. */
export function quietUntilMs({ begins, ends, timeZone }: QuietHours, nowMs: number): number | undefined {
  const localMs = nowMs + offsetAt(timeZone, nowMs);
  const midnightMs = Math.floor(localMs / dayMs) * dayMs;
  const sinceMidnightMs = localMs - midnightMs;
  const [fromMs, untilMs] = [minutesOf(begins) * minuteMs, minutesOf(ends) * minuteMs];
  const overMidnight = untilMs < fromMs;
  const isQuiet = overMidnight
    ? sinceMidnightMs >= fromMs || sinceMidnightMs < untilMs
    : sinceMidnightMs >= fromMs && sinceMidnightMs < untilMs;
  if (!isQuiet) return undefined;
  const endsTomorrow = overMidnight && sinceMidnightMs >= fromMs;
  return Math.max(nowMs + 1, instantOf(timeZone, midnightMs + (endsTomorrow ? dayMs : 0) + untilMs));
}

function minutesOf(clock: string): number {
  const [hours, minutes] = clock.split(":");
  return Number(hours) * 60 + Number(minutes);
}
