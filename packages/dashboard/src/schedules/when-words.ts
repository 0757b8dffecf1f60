import type { ScheduleDefinition } from "@steward/contracts/schedule";

type When = ScheduleDefinition["when"];

const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
const monthNames = months.map((month) => month.slice(0, 3).toUpperCase());
const ordinals: Record<string, string> = { "1": "first", "2": "second", "3": "third", "4": "fourth", L: "last" };

/** `every Monday at 03:00`, without the zone. A pattern for which there are no plain words stays what it is. */
export function whenWords(when: When): string {
  if ("rate" in when) return when.rate;
  const [minute = "", hour = "", day = "", month = "", weekday = "", ...more] = when.cron.trim().split(/ +/);
  const clock = clockWords(minute, hour);
  const date = dateWords(day, weekday);
  const season = month === "*" ? "" : monthWords(month);
  if (more.length > 0 || clock === undefined || date === undefined || season === undefined) return when.cron;
  // "every 15 minutes" says already that it is each day.
  if (clock.isOften) return `${clock.text}${date === "every day" ? "" : `, ${date}`}${season}`;
  return `${date}${season} ${clock.text}`;
}

/** As `whenWords`, with whose clocks it goes by. */
export function whenText(when: When): string {
  return "rate" in when ? when.rate : `${whenWords(when)} (${when.timeZone})`;
}

function clockWords(minute: string, hour: string): { text: string; isOften: boolean } | undefined {
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === "*") {
    if (minute === "*") return { text: "every minute", isOften: true };
    if (step !== undefined) return { text: `every ${step} minutes`, isOften: true };
    const at = numbersOf(minute, 0, 59);
    return at && { text: `every hour at ${listed(at.map((one) => `:${twoDigits(one)}`))}`, isOften: true };
  }
  const hourStep = /^\*\/(\d+)$/.exec(hour)?.[1];
  const minutes = numbersOf(minute, 0, 59);
  if (minutes === undefined) return undefined;
  if (hourStep !== undefined && minutes.length === 1) {
    return { text: `every ${hourStep} hours at :${twoDigits(minutes[0] ?? 0)}`, isOften: true };
  }
  const hours = numbersOf(hour, 0, 23);
  if (hours === undefined || hours.length * minutes.length > 6) return undefined;
  const times = hours.flatMap((h) => minutes.map((m) => `${twoDigits(h)}:${twoDigits(m)}`));
  return { text: `at ${listed(times)}`, isOften: false };
}

function dateWords(day: string, weekday: string): string | undefined {
  if (day === "*" && weekday === "*") return "every day";
  if (day !== "*" && weekday !== "*") return undefined;
  if (weekday === "*") {
    if (day === "L") return "on the last day of the month";
    const dates = numbersOf(day, 1, 31);
    return dates && `on the ${listed(dates.map(ordinalOf))} of the month`;
  }
  const nth = /^([A-Z0-9]+)#([1-4L])$/i.exec(weekday);
  if (nth !== null) {
    const number = dayNumber(nth[1] ?? "");
    return number === undefined
      ? undefined
      : `on the ${ordinals[(nth[2] ?? "").toUpperCase()]} ${days[number]} of the month`;
  }
  const numbers = daysOf(weekday);
  if (numbers === undefined) return undefined;
  const key = numbers.join(",");
  if (key === "1,2,3,4,5") return "Monday to Friday";
  if (key === "0,6") return "every Saturday and Sunday";
  if (key === "0,1,2,3,4,5,6") return "every day";
  return `every ${listed(numbers.map((number) => days[number] ?? ""))}`;
}

function monthWords(month: string): string | undefined {
  const parts = month.split(",").flatMap((part) => {
    const [from = "", to = from] = part.split("-");
    const [first, last] = [monthNumber(from), monthNumber(to)];
    if (first === undefined || last === undefined || last < first) return [undefined];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const named = parts.map((number) => (number === undefined ? undefined : months[number - 1]));
  return named.every((one) => one !== undefined) ? ` in ${listed(named)}` : undefined;
}

function monthNumber(text: string): number | undefined {
  const named = monthNames.indexOf(text.toUpperCase());
  if (named >= 0) return named + 1;
  return numbersOf(text, 1, 12)?.[0];
}

/** `1`, `MON`, `1-5`, `MON,WED`, `7`: numbers from Sunday, each once, in order. */
export function daysOf(field: string): number[] | undefined {
  const found = new Set<number>();
  for (const part of field.split(",")) {
    const [from = "", to, ...more] = part.split("-");
    const first = dayNumber(from);
    const last = to === undefined ? first : to === "7" ? 7 : dayNumber(to);
    if (first === undefined || last === undefined || last < first || more.length > 0) return undefined;
    for (let number = first; number <= last; number += 1) found.add(number % 7);
  }
  return [...found].sort((a, b) => a - b);
}

function dayNumber(text: string): number | undefined {
  const named = dayNames.indexOf(text.toUpperCase());
  if (named >= 0) return named;
  return /^[0-7]$/.test(text) ? Number(text) % 7 : undefined;
}

function numbersOf(field: string, least: number, most: number): number[] | undefined {
  if (!/^\d{1,2}(,\d{1,2})*$/.test(field)) return undefined;
  const numbers = field.split(",").map(Number);
  return numbers.every((number) => number >= least && number <= most) ? numbers : undefined;
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}

function ordinalOf(number: number): string {
  const tens = number % 100;
  const ending = tens >= 11 && tens <= 13 ? "th" : (["th", "st", "nd", "rd"][number % 10] ?? "th");
  return `${number}${ending}`;
}

/** `a`, `a and b`, `a, b and c`. */
function listed(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? "") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
