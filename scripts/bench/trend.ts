/** A value at a time. */
export interface Sample {
  atMs: number;
  value: number;
}

/**
 * The slope of a series in units an hour, by Theil and Sen: the median over all pairs. A collection, a spike, a quarter
 * of all samples that are off do not move it.
 */
export function slopePerHour(samples: readonly Sample[]): number {
  const slopes: number[] = [];
  for (const [index, a] of samples.entries()) {
    for (const b of samples.slice(index + 1)) {
      if (b.atMs !== a.atMs) slopes.push(((b.value - a.value) / (b.atMs - a.atMs)) * 3_600_000);
    }
  }
  slopes.sort((a, b) => a - b);
  const middle = Math.floor(slopes.length / 2);
  const upper = slopes[middle] ?? 0;
  return slopes.length % 2 === 1 ? upper : (upper + (slopes[middle - 1] ?? upper)) / 2;
}
