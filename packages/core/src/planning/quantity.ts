import type { VariableHint } from "@steward/contracts/actions";
import { measureOf } from "./units.ts";
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
const names = { ...small, ...tens };
const multiples: Record<string, number> = { dozen: 12, score: 20, hundred: 100, thousand: 1000, million: 1_000_000 };

/** How much of a variable's own unit another one is. A month is not here: nobody knows how long it is meant to be. */
const factors: Record<Unit, Record<string, number>> = {
  megabytes: { megabyte: 1, gigabyte: 1024, terabyte: 1_048_576 },
  days: { day: 1, week: 7, year: 365 },
  seconds: { second: 1, minute: 60, hour: 3600, day: 86_400, week: 604_800 },
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
  if (attached !== null) {
    const factor = factorOf(attached[2] ?? "", unit);
    return factor === undefined ? undefined : whole(Number(attached[1]) * factor, at + 1);
  }
  const number = numberAt(tokens, at);
  if (number === undefined) return undefined;
  const word = wordAt(tokens, number.end) ?? "";
  const factor = factorOf(word, unit);
  if (factor !== undefined) return whole(number.value * factor, number.end + 1);
  return measureOf(word) === undefined ? whole(number.value, number.end) : undefined;
}

function factorOf(word: string, unit: Unit | undefined): number | undefined {
  return unit === undefined ? undefined : factors[unit][measureOf(word) ?? ""];
}

function numberAt(tokens: readonly Token[], at: number): Quantity | undefined {
  const first = wordAt(tokens, at)?.toLowerCase() ?? "";
  const alone = multipleOf(first);
  if (alone !== undefined) return { value: alone, end: at + 1 };
  // "An hour".
  if (/^an?$/.test(first) && measureOf(wordAt(tokens, at + 1) ?? "") !== undefined) return { value: 1, end: at + 1 };
  const value = /^\d+(?:\.\d+)?$/.test(first)
    ? Number(first)
    : Object.hasOwn(names, first)
      ? names[first as keyof typeof names]
      : undefined;
  if (value === undefined) return undefined;
  const multiple = multipleOf(wordAt(tokens, at + 1)?.toLowerCase() ?? "");
  return multiple === undefined ? { value, end: at + 1 } : { value: value * multiple, end: at + 2 };
}

function multipleOf(word: string): number | undefined {
  return Object.hasOwn(multiples, word) ? multiples[word] : undefined;
}

/** True for a word that is a number: nobody is called "five". */
export function isNumberWord(word: string): boolean {
  const lower = word.toLowerCase();
  return Object.hasOwn(names, lower) || multipleOf(lower) !== undefined;
}

function wordAt(tokens: readonly Token[], at: number): string | undefined {
  const token = tokens[at];
  return token?.kind === "word" ? wordOf(token) : undefined;
}

function whole(value: number, end: number): Quantity | undefined {
  return Number.isSafeInteger(value) ? { value, end } : undefined;
}
