import { chanceOf } from "../../packages/core/test/simulation/scheduler.ts";

/** Numbers that look random and are the same for the same seed. */
export interface Seeded {
  seed: number;
  /** 0 ≤ x < 1 */
  next(): number;
  /** An integer, both ends included. */
  between(low: number, high: number): number;
  /** So many different integers, both ends included, ascending. */
  points(count: number, low: number, high: number): number[];
  shuffled<T>(list: readonly T[]): T[];
}

/** The seed of `STEWARD_SEED`, or a new one: print it, so that a failure can be had again. */
export function chooseSeed(): number {
  const given = process.env["STEWARD_SEED"];
  if (given === undefined || given === "") return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(given);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`STEWARD_SEED must be a whole number, not "${given}"`);
  return seed;
}

export function seeded(seed: number): Seeded {
  const chance = chanceOf(seed);
  const next = () => chance.next();
  const between = (low: number, high: number) => chance.between(low, high);
  return {
    seed,
    next,
    between,
    points(count, low, high) {
      if (high - low + 1 < count) throw new RangeError(`there are no ${count} points between ${low} and ${high}`);
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(between(low, high));
      return [...chosen].sort((a, b) => a - b);
    },
    shuffled(list) {
      const copy = [...list];
      for (let index = copy.length - 1; index > 0; index -= 1) {
        const other = between(0, index);
        [copy[index], copy[other]] = [copy[other] as (typeof copy)[number], copy[index] as (typeof copy)[number]];
      }
      return copy;
    },
  };
}
