import type { Action } from "@steward/contracts/actions";
import { nameWords } from "./action-index.ts";

/**
 * The one table of what people count in: each unit's words, the first of them its name. "m" is nobody's: it may be minutes,
 * months or megabytes.
 */
const sizes = [
  "byte bytes b",
  "kilobyte kilobytes kb kib k",
  "megabyte megabytes mb mib meg megs",
  "gigabyte gigabytes gb gib gig gigs g",
  "terabyte terabytes tb tib t",
  "petabyte petabytes pb",
];
const times = [
  "millisecond milliseconds msec msecs ms",
  "second seconds sec secs s",
  "minute minutes min mins",
  "hour hours hr hrs h",
  "day days d",
  "night nights",
  "week weeks w",
  "fortnight fortnights",
  "month months",
  "quarter quarters",
  "year years yr yrs y",
  "decade decades",
  "century centuries",
];
const others = ["line lines", "page pages", "percent", "m"];

const named = (units: readonly string[]) =>
  new Map(units.map((words) => words.split(" ")).flatMap((words) => words.map((word) => [word, words[0] ?? word])));
const measures = named([...sizes, ...times, "m"]);
const units = new Map([...measures, ...named(others)]);

/** What a word counts in, by one name for each unit; undefined for any other word. */
export function unitOf(word: string | undefined): string | undefined {
  return word === undefined ? undefined : units.get(word.toLowerCase());
}

/** The unit of a size or of a time: what follows a number is one of these or no quantity of the number's. */
export function measureOf(word: string): string | undefined {
  return measures.get(word.toLowerCase());
}

/** What a variable counts in, as it is declared or by its name (`quotaMb`, `lines`). */
export function unitOfVariable(action: Action, variable: string): string | undefined {
  return unitOf(action.hints[variable]?.unit) ?? nameWords(variable).map(unitOf).find(Boolean);
}
