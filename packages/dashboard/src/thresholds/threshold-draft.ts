import { defaultThresholds } from "@steward/contracts/defaults";
import type { ThresholdsGiven } from "@steward/contracts/thresholds";

export type Metric = keyof typeof defaultThresholds;

/** What machines are judged by. */
export const metrics: readonly { metric: Metric; label: string; unit: string; max: number; min: number }[] = [
  { metric: "cpuPercent", label: "Processor", unit: "%", min: 1, max: 100 },
  { metric: "memoryPercent", label: "Memory", unit: "%", min: 1, max: 100 },
  { metric: "diskPercent", label: "Fullest disk", unit: "%", min: 1, max: 100 },
  { metric: "loadAverage1m", label: "Load over a minute", unit: "", min: 0.1, max: 10_000 },
];

/** `undefined`: as whoever is above has it (Steward a tenant's, the tenant a machine's). A number that is not there yet is `undefined` in the pair. */
export type Pair = { warning: number | undefined; critical: number | undefined };
export type ThresholdsDraft = Record<Metric, Pair | undefined>;

export function draftOf(given: ThresholdsGiven): ThresholdsDraft {
  return Object.fromEntries(
    metrics.map(({ metric }) => {
      const pair = given[metric];
      return [metric, pair === undefined ? undefined : { warning: pair[0], critical: pair[1] }];
    }),
  ) as ThresholdsDraft;
}

/** What stands in the way of saving one metric. */
export function pairProblem(metric: Metric, pair: Pair | undefined): string | undefined {
  if (pair === undefined) return undefined;
  const { min = 0, max = 0 } = metrics.find((one) => one.metric === metric) ?? {};
  const { warning, critical } = pair;
  if (warning === undefined || critical === undefined) return "give both numbers";
  if (warning < min || critical > max) return `must be from ${min} to ${max.toLocaleString("en")}`;
  return warning < critical ? undefined : "warning must be below critical";
}

export function thresholdsOf(draft: ThresholdsDraft): ThresholdsGiven {
  return Object.fromEntries(
    metrics.flatMap(({ metric }) => {
      const pair = draft[metric];
      if (pair?.warning === undefined || pair.critical === undefined) return [];
      return [[metric, [pair.warning, pair.critical]]];
    }),
  );
}

export function isFine(draft: ThresholdsDraft): boolean {
  return metrics.every(({ metric }) => pairProblem(metric, draft[metric]) === undefined);
}

export function isChanged(draft: ThresholdsDraft, given: ThresholdsGiven): boolean {
  const before = draftOf(given);
  return metrics.some(
    ({ metric }) =>
      draft[metric]?.warning !== before[metric]?.warning ||
      draft[metric]?.critical !== before[metric]?.critical ||
      (draft[metric] === undefined) !== (before[metric] === undefined),
  );
}
