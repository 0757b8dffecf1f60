import type { Metrics } from "@steward/contracts/heartbeat";

/**
 * A quiet machine, invented: values wander around a middle of their own. `seed` (a name) makes them differ between
 * machines and be the same at every start.
 */
export function demoMetrics(seed: string, options: { diskPercent?: number } = {}): () => Metrics {
  const random = randomFrom(seed);
  const wander = (low: number, high: number) => {
    const middle = low + (high - low) * random();
    let value = middle;
    return () => {
      value += (middle - value) * 0.2 + (random() - 0.5) * (high - low) * 0.1;
      value = Math.min(high, Math.max(low, value));
      return Math.round(value * 10) / 10;
    };
  };
  const cpuPercent = wander(2, 35);
  const memoryPercent = wander(20, 65);
  const diskPercent = options.diskPercent === undefined ? wander(20, 70) : () => options.diskPercent ?? 0;
  const loadAverage1m = wander(0.1, 1.5);
  const bootedSeconds = Math.floor(86_400 * (1 + random() * 60)) - performance.now() / 1000;
  return () => ({
    cpuPercent: cpuPercent(),
    memoryPercent: memoryPercent(),
    diskPercent: diskPercent(),
    loadAverage1m: loadAverage1m(),
    uptimeSeconds: Math.floor(bootedSeconds + performance.now() / 1000),
  });
}

/** mulberry32 over a hash of the text. */
function randomFrom(seed: string): () => number {
  let state = 0;
  for (const character of seed) state = (Math.imul(state, 31) + character.charCodeAt(0)) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
