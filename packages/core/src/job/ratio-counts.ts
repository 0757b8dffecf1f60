/**
 * How often a ratio was how large: counts in steps of a factor, by the step's number. A median of them is not moved by a
 * few that are far out, however far; counts of minutes and shards are added up; and one more is one addition in the table.
 */
export type RatioCounts = Readonly<Record<string, number>>;

/** What ratios are counted of, each real ÷ thought: the seconds of known tokens, the length of the answer, the prediction. */
export const ratioNames = ["speed", "length", "error"] as const;
export type RatioName = (typeof ratioNames)[number];

/** One step is a factor of e^0.2, about 22 %: finer than jobs of one kind are alike. */
export const stepWidth = 0.2;
/** From 1/55 to 55 times; what is beyond counts at the end. */
const lastStep = 20;

/** The step that a ratio counts in. What is no ratio at all (nothing, or by nothing) has none. */
export function stepOf(ratio: number): number | undefined {
  if (!(ratio > 0) || !Number.isFinite(ratio)) return undefined;
  const step = Math.round(Math.log(ratio) / stepWidth);
  // Not `-0`, which is another key.
  return Math.min(lastStep, Math.max(-lastStep, step)) + 0;
}

export function sumOfRatios(all: readonly RatioCounts[]): RatioCounts {
  const sum: Record<string, number> = {};
  for (const counts of all) {
    for (const [step, count] of Object.entries(counts)) sum[step] = (sum[step] ?? 0) + count;
  }
  return sum;
}

export function countOf(counts: RatioCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * The median, beside `prior.weight` ratios that were believed before any was seen: a first one is not taken for the rule.
 */
export function medianRatio(counts: RatioCounts, prior: { ratio: number; weight: number }): number {
  const median = quantile([...weightsOf(counts), { log: Math.log(prior.ratio), weight: prior.weight }], 0.5);
  return Math.exp(median ?? Math.log(prior.ratio));
}

/** How far ratios are from 1, up or down, as |ln ratio|: that `share` of them is nearer. Undefined where there are none. */
export function distanceQuantile(counts: RatioCounts, share: number): number | undefined {
  return quantile(
    weightsOf(counts).map(({ log, weight }) => ({ log: Math.abs(log), weight })),
    share,
  );
}

function weightsOf(counts: RatioCounts): { log: number; weight: number }[] {
  return Object.entries(counts).map(([step, weight]) => ({ log: Number(step) * stepWidth, weight }));
}

/** Between two steps where half is on either side: a median of 4 and 6 is 5. */
function quantile(points: readonly { log: number; weight: number }[], share: number): number | undefined {
  const sorted = points.filter(({ weight }) => weight > 0).toSorted((a, b) => a.log - b.log);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  const wanted = total * share;
  let below = 0;
  for (const [at, { log, weight }] of sorted.entries()) {
    below += weight;
    if (below > wanted) return log;
    if (below === wanted) return (log + (sorted[at + 1]?.log ?? log)) / 2;
  }
  return sorted.at(-1)?.log;
}
