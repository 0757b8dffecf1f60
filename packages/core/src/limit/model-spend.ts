/*
 * A budget in whole millionths of a US dollar: what a question may cost at most is rounded up, the budget down, so that no
 * sum of roundings passes it. One number, `committed`, holds what was spent and what may still be: whoever wants to ask
 * adds the most, if that leaves it within the budget, and puts the real cost in its place afterwards. The table makes one
 * addition after the other, so this holds for any number at once.
 */

const millionths = 1_000_000;

export function budgetMicros(usd: number): number {
  return Math.floor(usd * millionths);
}

/** The most that a question can cost. */
export function mostMicros(usd: number): number {
  return Math.ceil(usd * millionths);
}

/** The highest `committed` beside which a question still has room. Undefined: it never has. */
export function roomFor({ most, budget }: { most: number; budget: number }): number | undefined {
  return most > budget ? undefined : budget - most;
}

/** What takes the place of a reservation: rounded up, and never above what was reserved, for which alone there is room. */
export function settledMicros({ most, costUsd }: { most: number; costUsd: number }): number {
  return Math.max(0, Math.min(most, Math.ceil(costUsd * millionths)));
}
