import { checkRecurrence, nextDue } from "@steward/contracts/due-times";
import { AppError } from "@steward/contracts/errors";
import { cronSchema, type Recurrence, rateSchema, timeZoneSchema } from "@steward/contracts/recurrence";
import type { ScheduleDefinition } from "@steward/contracts/schedule";

/** The coming due times of what is not stored yet: computed as the scheduler computes them. */
export function comingTimes(when: ScheduleDefinition["when"], nowMs: number, count: number): number[] {
  // A rate counts from the minute that the schedule is made in.
  const spec: Recurrence = "rate" in when ? { rate: when.rate, anchorMs: nowMs } : when;
  const times: number[] = [];
  let at = nextDue(spec, nowMs);
  while (at !== undefined && times.length < count) {
    times.push(at);
    at = nextDue(spec, at);
  }
  return times;
}

/** What is wrong with it, in words; undefined: nothing. */
export function problemOfWhen(when: ScheduleDefinition["when"]): string | undefined {
  const shaped =
    "rate" in when
      ? rateSchema.safeParse(when.rate)
      : cronSchema.safeParse(when.cron).success
        ? timeZoneSchema.safeParse(when.timeZone)
        : cronSchema.safeParse(when.cron);
  if (!shaped.success) return shaped.error.issues[0]?.message;
  try {
    checkRecurrence(when, "when");
    return undefined;
  } catch (error) {
    return error instanceof AppError ? (error.fields?.[0]?.message ?? error.message) : String(error);
  }
}

/** Times by the day on which they are in their zone, in order. */
export function byDay(times: readonly number[], timeZone: string): { day: string; times: number[] }[] {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
  return [...Map.groupBy(times, (at) => format.format(at))].map(([day, own]) => ({ day, times: own }));
}

/** `03:00 GMT+1`, on the clocks of a zone. */
export function clockText(atMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone,
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(atMs);
}

/** `Mon 30 Nov, 03:00 GMT+1` */
export function dueText(atMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(atMs);
}

/** Whose clocks a schedule's times are shown on. */
export function zoneOf(when: ScheduleDefinition["when"]): string {
  return "rate" in when ? localZone() : when.timeZone;
}

export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

let zones: readonly string[] | undefined;

/** Every zone that this browser knows. */
export function timeZones(): readonly string[] {
  zones ??= [...new Set(["UTC", ...Intl.supportedValuesOf("timeZone")])];
  return zones;
}
