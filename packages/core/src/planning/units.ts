import type { Action } from "@steward/contracts/actions";
import { nameWords } from "./action-index.ts";

/** Words for the same unit. What is converted into what, `quantity.ts` knows: who says months where days are meant is asked. */
const sameUnit = [
  "byte bytes b",
  "kb kib kilobyte kilobytes",
  "mb mib megabyte megabytes",
  "gb gib gigabyte gigabytes gig gigs",
  "tb tib terabyte terabytes",
  "second seconds sec secs",
  "minute minutes min mins",
  "hour hours hr hrs",
  "day days",
  "week weeks",
  "month months",
  "year years",
  "line lines",
  "percent",
].map((words) => words.split(" "));
const units = new Map(sameUnit.flatMap((words) => words.map((word) => [word, words[0] ?? word] as const)));

/** What a word counts in, by one name for each unit; undefined for any other word. */
export function unitOf(word: string | undefined): string | undefined {
  return word === undefined ? undefined : units.get(word.toLowerCase());
}

/** What a variable counts in, by its name (`quotaMb`) or by how it is asked for ("For how many seconds …"). */
export function unitOfVariable(action: Action, variable: string): string | undefined {
  const asked = (action.hints[variable]?.question ?? "").split(/[^\p{L}]+/u);
  return [...nameWords(variable), ...asked].map(unitOf).find((unit) => unit !== undefined);
}
