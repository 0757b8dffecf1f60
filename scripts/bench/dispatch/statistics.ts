/** A mean of replications, and how far the true one may be from it: 95 % intervals, by Student's t. */
export interface Interval {
  value: number;
  plusMinus: number;
}

/** 0.975 quantiles of Student's t for 1, 2, … degrees of freedom. */
const quantiles = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.2, 2.18, 2.16, 2.14, 2.13];

export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, one) => sum + one, 0) / samples.length;
}

/** One sample a replication. */
export function meanOf(samples: readonly number[]): Interval {
  const value = mean(samples);
  const variance = samples.reduce((sum, one) => sum + (one - value) ** 2, 0) / (samples.length - 1);
  return { value, plusMinus: quantileOf(samples.length - 1) * Math.sqrt(variance / samples.length) };
}

/**
 * Ratio of two means over the same replications, by the jackknife. Both sides of a replication had the same jobs, so that
 * most of what chance did to one it did to the other.
 */
export function ratioOf(above: readonly number[], below: readonly number[]): Interval {
  const count = above.length;
  const value = mean(above) / mean(below);
  const without = above.map(
    (_, left) => mean(above.filter((__, at) => at !== left)) / mean(below.filter((__, at) => at !== left)),
  );
  const center = mean(without);
  const variance = ((count - 1) / count) * without.reduce((sum, one) => sum + (one - center) ** 2, 0);
  return { value, plusMinus: quantileOf(count - 1) * Math.sqrt(variance) };
}

function quantileOf(freedom: number): number {
  return quantiles[freedom - 1] ?? 2;
}
