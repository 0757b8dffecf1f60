import type { VariableHint } from "@steward/contracts/actions";
import { type Token, wordOf } from "./words.ts";

type Unit = NonNullable<VariableHint["unit"]>;

const small: Record<string, number> = Object.fromEntries(
  (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
    "eighteen nineteen twenty"
  )
    .split(" ")
    .map((word, value) => [word, value]),
);
const tens: Record<string, number> = Object.fromEntries(
  "thirty forty fifty sixty seventy eighty ninety".split(" ").map((word, at) => [word, 30 + 10 * at]),
);
const names = { ...small, ...tens, dozen: 12 };

/** How much of a variable's own unit a unit of people is. A month is not here: nobody knows how long it is meant to be. */
const units: Record<Unit, Record<string, number>> = {
  megabytes: { mb: 1, megabyte: 1, megabytes: 1, gb: 1024, gigabyte: 1024, gigabytes: 1024, tb: 1_048_576 },
  days: { day: 1, days: 1, week: 7, weeks: 7, year: 365, years: 365 },
  seconds: {
    s: 1,
    sec: 1,
    second: 1,
    seconds: 1,
    min: 60,
    minute: 60,
    minutes: 60,
    h: 3600,
    hour: 3600,
    hours: 3600,
    day: 86_400,
    days: 86_400,
    week: 604_800,
    weeks: 604_800,
  },
};

/** A number in digits or words, and what it comes to in the variable's unit. */
export interface Quantity {
  value: number;
  /** After the last token that belongs to it. */
  end: number;
}

/**
 * The quantity that begins at a token: `fifty`, `two hundred`, `2 GB` and `500MB` where the variable counts megabytes,
 * `6 weeks` where it counts days. Undefined where there is none, or a unit follows that is no unit of the variable's kind.
 */
export function quantityAt(tokens: readonly Token[], at: number, unit: Unit | undefined): Quantity | undefined {
  const attached = /^(\d+(?:\.\d+)?)([a-z]+)$/i.exec(wordAt(tokens, at) ?? "");
  const factors: Record<string, number> = unit === undefined ? {} : units[unit];
  if (attached !== null) {
    const factor = factors[attached[2]?.toLowerCase() ?? ""];
    return factor === undefined ? undefined : whole(Number(attached[1]) * factor, at + 1);
  }
  const number = numberAt(tokens, at);
  if (number === undefined) return undefined;
  const word = wordAt(tokens, number.end)?.toLowerCase() ?? "";
  const factor = Object.hasOwn(factors, word) ? factors[word] : undefined;
  if (factor !== undefined) return whole(number.value * factor, number.end + 1);
  return isUnit(word) ? undefined : whole(number.value, number.end);
}

function numberAt(tokens: readonly Token[], at: number): Quantity | undefined {
  const first = wordAt(tokens, at)?.toLowerCase() ?? "";
  if (/^\d+(?:\.\d+)?$/.test(first)) return { value: Number(first), end: at + 1 };
  if (first === "hundred") return { value: 100, end: at + 1 };
  const value = Object.hasOwn(names, first) ? names[first as keyof typeof names] : undefined;
  if (value === undefined) return undefined;
  return wordAt(tokens, at + 1)?.toLowerCase() === "hundred"
    ? { value: value * 100, end: at + 2 }
    : { value, end: at + 1 };
}

/** True for a word that is a number: nobody is called "five". */
export function isNumberWord(word: string): boolean {
  return Object.hasOwn(names, word.toLowerCase()) || word.toLowerCase() === "hundred";
}

function isUnit(word: string): boolean {
  return (
    Object.values(units).some((factors) => Object.hasOwn(factors, word)) || /^(?:kb|kilobytes?|months?)$/.test(word)
  );
}

function wordAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  return token?.kind === "word" ? wordOf(token) : undefined;
}

function whole(value: number, end: number): Quantity | undefined {
  return Number.isSafeInteger(value) ? { value, end } : undefined;
}
