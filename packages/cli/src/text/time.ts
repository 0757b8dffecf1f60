/** `in 23 h`, `5 min ago`, `just now`. */
export function relative(iso: string, nowMs: number): string {
  const differenceMs = Date.parse(iso) - nowMs;
  const size = duration(Math.abs(differenceMs));
  if (Math.abs(differenceMs) < 1000) return "just now";
  return differenceMs > 0 ? `in ${size}` : `${size} ago`;
}

/** `850 ms`, `2.1 s`, `12 s`, `5 min`, `3 h`, `9 days`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 120 * 60_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

const units = { s: 1000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `30m`, `2h`, `1d` in milliseconds, or undefined. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,6})(s|m|min|h|d)$/.exec(text.trim());
  if (!match) return undefined;
  const ms = Number(match[1]) * units[match[2] as keyof typeof units];
  return ms > 0 ? ms : undefined;
}
