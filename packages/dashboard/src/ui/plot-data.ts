/** A series as it is drawn: `null` is a gap. */
export type Values = readonly (number | null)[];

/** Each series on top of those before it, for a stack; where one has a gap it adds nothing, where all have one, it stays. */
export function stacked(series: readonly Values[]): (number | null)[][] {
  const length = series[0]?.length ?? 0;
  const sums = Array.from({ length }, () => 0);
  return series.map((values) =>
    sums.map((sum, at) => {
      const value = values[at] ?? null;
      const known = series.some((one) => (one[at] ?? null) !== null);
      sums[at] = sum + (value ?? 0);
      return known ? (sums[at] ?? null) : null;
    }),
  );
}

/** What a series says in words: for whoever does not see the picture. */
export function summary(label: string, values: Values, say: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  const last = values.findLast((value) => value !== null);
  if (last === null || last === undefined) return `${label}: no data`;
  let low = Infinity;
  let high = -Infinity;
  for (const value of known) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return `${label}: ${say(last)} now, between ${say(low)} and ${say(high)}`;
}

/** At most so many places, evenly apart, the last one always among them: a table for a reader has no thousand rows. */
export function thinned(length: number, most: number): number[] {
  if (length <= most) return Array.from({ length }, (_, at) => at);
  const step = (length - 1) / (most - 1);
  return Array.from({ length: most }, (_, at) => Math.round(at * step));
}

/** `1234567` → `1.2 M`; `0.0312` → `0.031`. Short, for an axis and a legend. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)} G`;
  if (size >= 1e6) return `${trim(value / 1e6)} M`;
  if (size >= 10_000) return `${trim(value / 1e3)} k`;
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value));
  return trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3)));
}
