import type { ScheduleDefinition } from "@steward/contracts/schedule";

/** What is left of the words once the time is taken out of them. */
export interface ReadWhen {
  when: ScheduleDefinition["when"];
  rest: string;
}

const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const dayWord = `(?:${days.join("|")})s?`;
const ordinals: Record<string, string> = { first: "#1", second: "#2", third: "#3", fourth: "#4", last: "#L" };
const time = String.raw`(?:at\s+)(?<clock>noon|midnight|\d{1,2}(?:[:.]\d{2})?\s*(?:am|pm|a\.m\.|p\.m\.|o'clock)?)`;
const list = `${dayWord}(?:\\s*(?:,|and|,\\s*and)\\s*${dayWord})*`;
const every = "(?:every|each|on)";

/** In the order in which they are tried; each names the days, as `day of month, month, day of week`. */
const patterns: readonly { pattern: string; fields: (groups: Groups) => string | undefined }[] = [
  {
    pattern: `(?:every|each|on the)\\s+(?<ordinal>first|second|third|fourth|last)\\s+(?<day>${dayWord})(?:\\s+of\\s+(?:the|each|every)\\s+month)?`,
    fields: ({ ordinal = "", day = "" }) => `* * ${dayNumber(day)}${ordinals[ordinal]}`,
  },
  {
    pattern: `(?:on\\s+the\\s+|monthly\\s+on\\s+the\\s+)(?<date>\\d{1,2})(?:st|nd|rd|th)?(?:\\s+of\\s+(?:the|each|every)\\s+month)?`,
    fields: ({ date = "" }) => (Number(date) >= 1 && Number(date) <= 31 ? `${Number(date)} * *` : undefined),
  },
  {
    pattern: `(?:${every}\\s+|weekly\\s+on\\s+)(?<list>${list})`,
    fields: ({ list: named = "" }) => `* * ${dayNumbers(named)}`,
  },
  { pattern: "(?:every|each|on)\\s+(?:weekday|workday|working day)s?", fields: () => "* * 1-5" },
  { pattern: "(?:every|each|on|at the)\\s+weekends?", fields: () => "* * 0,6" },
  { pattern: "(?:every|each)\\s+(?:day|night|morning|evening)|daily|nightly", fields: () => "* * *" },
];

type Groups = Record<string, string | undefined>;

/**
 * Finds the one time that words speak of: `every monday at 3 update packages`. Undefined where they speak of none, of
 * several, or of a day without an hour: nothing is guessed.
 */
export function readWhen(words: string, timeZone: string): ReadWhen | undefined {
  const text = words.trim().replaceAll(/\s+/g, " ");
  const found = [...calendarTimes(text, timeZone), ...rates(text)];
  const [only] = found;
  if (found.length !== 1 || only === undefined) return undefined;
  const rest = `${text.slice(0, only.from)} ${text.slice(only.to)}`.replaceAll(/\s+/g, " ").trim();
  // A second time is left over: it is not what was read.
  if (/\b(?:every|each|daily|nightly|hourly|weekly|monthly)\b/i.test(rest)) return undefined;
  return { when: only.when, rest: rest.replace(/^[,;:]\s*|[,;:]$/g, "").trim() };
}

interface Found {
  when: ReadWhen["when"];
  from: number;
  to: number;
}

function calendarTimes(text: string, timeZone: string): Found[] {
  for (const { pattern, fields } of patterns) {
    const both = [`(?:${pattern})\\s+${time}`, `${time}\\s+(?:${pattern})`].map(
      (one) => new RegExp(`\\b${one}(?![\\w:])`, "i"),
    );
    for (const one of both) {
      const match = one.exec(text.toLowerCase());
      const groups: Groups = match?.groups ?? {};
      const clock = clockOf(groups["clock"] ?? "");
      const on = match === null ? undefined : fields(groups);
      if (match === null || clock === undefined || on === undefined) continue;
      const when = { cron: `${clock.minute} ${clock.hour} ${on}`, timeZone };
      return [{ when, from: match.index, to: match.index + match[0].length }];
    }
  }
  return [];
}

function rates(text: string): Found[] {
  const match = /\b(?:every (\d{1,5} )?(minute|hour|day|week)s?|hourly)\b(?! at\b)/i.exec(text);
  if (match === null) return [];
  const [, count, unit = "hour"] = match;
  // `every day` says nothing of an hour.
  if (count === undefined && !["minute", "hour"].includes(unit.toLowerCase())) return [];
  const number = Number(count ?? 1);
  if (number < 1) return [];
  const rate = number === 1 ? `every ${unit.toLowerCase()}` : `every ${number} ${unit.toLowerCase()}s`;
  return [{ when: { rate }, from: match.index, to: match.index + match[0].length }];
}

function clockOf(text: string): { hour: number; minute: number } | undefined {
  if (text === "noon") return { hour: 12, minute: 0 };
  if (text === "midnight") return { hour: 0, minute: 0 };
  const [, hours, minutes, half] = /^(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|o'clock)?$/.exec(text) ?? [];
  const hour = Number(hours);
  const minute = Number(minutes ?? 0);
  if (hours === undefined || minute > 59) return undefined;
  if (half === undefined || half === "o'clock") return hour <= 23 ? { hour, minute } : undefined;
  if (hour < 1 || hour > 12) return undefined;
  return { hour: (hour % 12) + (half.startsWith("p") ? 12 : 0), minute };
}

function dayNumber(word: string): number {
  return days.findIndex((day) => word.startsWith(day));
}

function dayNumbers(words: string): string {
  const named = [...words.matchAll(new RegExp(dayWord, "g"))].map(([word]) => dayNumber(word));
  return [...new Set(named)].sort((a, b) => a - b).join(",");
}
