/** An appliance that has gone is told so by then: two intervals, the sweep's own minute, and a few seconds' way. */
const promise = { intervals: 2, seconds: 65 };

export function noticedWithinMs(intervalSeconds: number): number {
  return (promise.intervals * intervalSeconds + promise.seconds) * 1_000;
}

/** The same in words, of an interval that is called so. */
export function noticedWithin(interval: string): string {
  return `${promise.intervals} × ${interval} + ${promise.seconds} s`;
}
