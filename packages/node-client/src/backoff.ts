/**
 * Full jitter: anywhere between nothing and a bound that doubles with every failure. A herd that failed together does
 * not come back together.
 */
export function fullJitterMs(options: {
  failures: number;
  baseMs: number;
  capMs: number;
  random: () => number;
}): number {
  const bound = Math.min(options.capMs, options.baseMs * 2 ** Math.min(options.failures, 30));
  return options.random() * bound;
}
