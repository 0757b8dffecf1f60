import { AppError } from "./errors.ts";
import type { Recurrence } from "./recurrence.ts";
import { Cron } from "croner";
import { changeBetween, instantOf, isTimeZone, offsetAt, offsetsAround } from "./zone.ts";

/**
 * When something is due again and again. A rate counts time as it passes. A cron pattern speaks of the clocks on the
 * walls of its zone, and they are set twice a year:
 *
 * - with an hour in it (`30 2 * * *`), it is due once for each local time that it names. One that the clocks skip is due
 *   right after the gap (several in one gap: once); one that they show twice is due the first time.
 * - with `*` for the hour (`15 * * * *`), it is due whenever the clocks show such a minute: every hour, also in the hour
 *   that comes twice, and no more often where one is left out.
 *
 * croner reads the pattern and walks it through a calendar without a zone; the zone is added here, which gives both rules
 * for every pattern (by itself croner leaves out what has a step in it, such as every half hour from two to three).
 */

const units = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
const dayMs = units.day;
/** `Date` ends there. */
const lastMs = 8.64e15;
const parsed = new Map<string, Cron>();

/**
 * Holds a recurrence to what can be computed.
 * @throws AppError `invalid_request`, with the field that is wrong
 */
export function checkRecurrence(spec: Recurrence, path = "recurrence"): void {
  const refuse = (field: string, message: string): never => {
    throw new AppError("invalid_request", `${message}.`, { fields: [{ path: `${path}.${field}`, message }] });
  };
  if ("rate" in spec) {
    if (!(everyMs(spec.rate) > 0)) refuse("rate", "must look like every 15 minutes, every 6 hours, every 2 days");
    return;
  }
  if (!isTimeZone(spec.timeZone)) refuse("timeZone", `there is no time zone ${spec.timeZone}; one is Europe/Berlin`);
  let cron: Cron | undefined;
  try {
    cron = cronOf(spec.cron);
  } catch (error) {
    refuse("cron", cronProblem(spec.cron, error));
  }
  if (cron?.nextRun(dateOf(0)) === null) refuse("cron", "never comes: no month has such a day");
}

/** The first due time after `afterMs`; undefined: there is none in the calendar. */
export function nextDue(spec: Recurrence, afterMs: number): number | undefined {
  if ("rate" in spec) {
    const { everyMs, anchorMs } = rateOf(spec);
    return anchorMs + (Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs;
  }
  if (isHourly(spec.cron)) return nextHourly(spec, afterMs);
  // `instantOf` moves a local time by one of the offsets around it: nothing before `least` comes after `afterMs`.
  const { least } = offsetsAround(spec.timeZone, afterMs);
  for (let local = nextLocal(spec.cron, afterMs + least); local !== undefined; local = nextLocal(spec.cron, local)) {
    const atMs = instantOf(spec.timeZone, local);
    if (atMs > afterMs) return atMs;
  }
  return undefined;
}

/** The last due time that is not after `atMs`; undefined: there was none. */
export function previousDue(spec: Recurrence, atMs: number): number | undefined {
  if ("rate" in spec) {
    const { everyMs, anchorMs } = rateOf(spec);
    return anchorMs + Math.floor((atMs - anchorMs) / everyMs) * everyMs;
  }
  if (isHourly(spec.cron)) return previousHourly(spec, atMs);
  const { most } = offsetsAround(spec.timeZone, atMs);
  let local = previousLocal(spec.cron, atMs + most);
  for (; local !== undefined; local = previousLocal(spec.cron, local - 1)) {
    const due = instantOf(spec.timeZone, local);
    if (due <= atMs) return due;
  }
  return undefined;
}

/** Whether a span of `durationMs` that begins at each due time covers `atMs`. Its end no longer belongs to it. */
export function isWithin(spec: Recurrence, durationMs: number, atMs: number): boolean {
  const began = previousDue(spec, atMs);
  return began !== undefined && atMs < began + durationMs;
}

/** A rate's distance in milliseconds; `NaN` where it is none. */
function everyMs(rate: string): number {
  const [, count, unit] = /^every (?:(\d+) )?(minute|hour|day|week)s?$/.exec(rate) ?? [];
  return Number(count ?? 1) * (units[unit as keyof typeof units] ?? Number.NaN);
}

function rateOf(spec: { rate: string; anchorMs?: number | undefined }) {
  return { everyMs: everyMs(spec.rate), anchorMs: spec.anchorMs ?? 0 };
}

/** Any hour of the day will do: what is due then is due by the minute, and not once for a time of the day. */
function isHourly(cron: string): boolean {
  return cron.trim().split(/ +/)[1] === "*";
}

type InZone = { cron: string; timeZone: string };

/** Walks through the stretches of time in which the clocks are not set. `fromMs` may itself be due. */
function nextHourly({ cron, timeZone }: InZone, afterMs: number): number | undefined {
  let fromMs = afterMs + 1;
  while (fromMs < lastMs) {
    const offset = offsetAt(timeZone, fromMs);
    const local = nextLocal(cron, fromMs + offset - 1);
    if (local === undefined) return undefined;
    const due = local - offset;
    const change = changeBetween(timeZone, fromMs, Math.min(due, fromMs + dayMs));
    if (change !== undefined) fromMs = change;
    else if (due <= fromMs + dayMs) return due;
    // No offset is as much as two days: whatever lies before that is not due.
    else fromMs = Math.max(fromMs + dayMs, due - 2 * dayMs);
  }
  return undefined;
}

function previousHourly({ cron, timeZone }: InZone, atMs: number): number | undefined {
  let toMs = atMs;
  while (toMs > -lastMs) {
    const offset = offsetAt(timeZone, toMs);
    const local = previousLocal(cron, toMs + offset);
    if (local === undefined) return undefined;
    const due = local - offset;
    const startMs = Math.max(due, toMs - dayMs);
    const change = changeBetween(timeZone, startMs, toMs);
    if (change !== undefined) toMs = change - 1;
    else if (due >= toMs - dayMs) return due;
    else toMs = Math.min(toMs - dayMs, due + 2 * dayMs);
  }
  return undefined;
}

/** The pattern's first local time after one, as if there were no zones. */
function nextLocal(cron: string, afterMs: number): number | undefined {
  return cronOf(cron)
    .nextRun(dateOf(Math.floor(afterMs)))
    ?.getTime();
}

/** Its last local time that is not after one. */
function previousLocal(cron: string, atMs: number): number | undefined {
  // croner takes what lies before the reference.
  return cronOf(cron)
    .previousRuns(1, dateOf(Math.floor(atMs) + 1))[0]
    ?.getTime();
}

/** croner speaks in these. Never the time of now: that is always a parameter. */
function dateOf(ms: number): Date {
  return new Date(ms);
}

function cronOf(cron: string): Cron {
  let known = parsed.get(cron);
  if (known === undefined) {
    if (cron.trim().split(/ +/).length !== 5) throw new TypeError("it has five fields");
    known = new Cron(cron.trim(), { timezone: "UTC", mode: "5-part", paused: true });
    // A function lives for hours and sees everybody's patterns.
    if (parsed.size >= 1_000) parsed.clear();
    parsed.set(cron, known);
  }
  return known;
}

const names = ["minute", "hour", "day", "month", "dayOfWeek"] as const;
const readable = {
  minute: "the minute (0 to 59)",
  hour: "the hour (0 to 23)",
  day: "the day of the month (1 to 31, or L)",
  month: "the month (1 to 12, or JAN to DEC)",
  dayOfWeek: "the day of the week (0 to 7, or SUN to SAT)",
} as const;

/** Which field is wrong: croner is asked about each by itself, so that its wording need not be read. */
function cronProblem(cron: string, error: unknown): string {
  const fields = cron.trim().split(/ +/);
  if (fields.length !== 5) {
    return "must have five fields: minute, hour, day of the month, month, day of the week; such as 0 3 * * MON";
  }
  for (const [index, name] of names.entries()) {
    const alone = names.map((_, other) => (other === index ? fields[index] : "*")).join(" ");
    try {
      cronOf(alone);
    } catch {
      return `${readable[name]} cannot be ${fields[index]}`;
    }
  }
  return error instanceof Error ? error.message : String(error);
}
