/** What the clocks on the walls of a time zone say. Offsets are local time minus UTC, in milliseconds. */

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** True for a name of the IANA database, as this Node knows it. */
export function isTimeZone(timeZone: string): boolean {
  try {
    return formatOf(timeZone) !== undefined;
  } catch {
    return false;
  }
}

/** @throws RangeError where there is no such time zone */
export function offsetAt(timeZone: string, atMs: number): number {
  const text = formatOf(timeZone).format(atMs);
  // `11/25/2026, GMT+01:00`; `GMT` alone is none, and old local times have seconds.
  const [, sign, hours, minutes, seconds] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text) ?? [];
  if (sign === undefined) return 0;
  const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds ?? 0)) * 1000;
  return sign === "-" ? -size : size;
}

/**
 * The first instant after `fromMs` (up to `toMs`, at most two days later) at which the clocks are set. One change in that
 * time is all that any zone has ever had.
 */
export function changeBetween(timeZone: string, fromMs: number, toMs: number): number | undefined {
  const before = offsetAt(timeZone, fromMs);
  if (offsetAt(timeZone, toMs) === before) return undefined;
  let [low, high] = [fromMs, toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(timeZone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** The offsets that clocks have within a day of an instant: one, or two where they are set. */
export function offsetsAround(timeZone: string, atMs: number): { least: number; most: number } {
  const offsets = [-dayMs, 0, dayMs].map((shift) => offsetAt(timeZone, atMs + shift));
  return { least: Math.min(...offsets), most: Math.max(...offsets) };
}

/**
 * When the clocks on the wall show a local time (as milliseconds, as if it were UTC): the first of two such instants, and
 * where there is none because the clocks skip it, the instant right after the gap. Never falls as the local time rises.
 */
export function instantOf(timeZone: string, localMs: number): number {
  const { least, most } = offsetsAround(timeZone, localMs);
  const first = localMs - most;
  if (offsetAt(timeZone, first) === most) return first;
  const second = localMs - least;
  if (offsetAt(timeZone, second) === least) return second;
  return changeBetween(timeZone, first, second) ?? second;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
    formats.set(timeZone, format);
  }
  return format;
}
