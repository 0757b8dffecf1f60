import type { AlertingView, ThresholdsGiven } from "@steward/contracts/thresholds";

export type MetricName = keyof AlertingView["inForce"];

export const metrics: readonly { key: MetricName; label: string; unit: string; max: number }[] = [
  { key: "cpuPercent", label: "CPU", unit: "%", max: 100 },
  { key: "memoryPercent", label: "Memory", unit: "%", max: 100 },
  { key: "diskPercent", label: "Disk", unit: "%", max: 100 },
  { key: "loadAverage1m", label: "Load", unit: "waiting", max: 10_000 },
];

type Pair = [warning: number | undefined, critical: number | undefined];

/** What somebody is typing. */
export interface Draft {
  pairs: Record<MetricName, Pair>;
  /** Whether it is set by the tenant; else it is as Steward has it. */
  own: Record<MetricName, boolean>;
  escalates: boolean;
  escalateAfterMinutes: number | undefined;
}

const perMetric = <Value>(valueOf: (key: MetricName) => Value) =>
  Object.fromEntries(metrics.map(({ key }) => [key, valueOf(key)])) as Record<MetricName, Value>;

export function draftOf(shown: AlertingView): Draft {
  return {
    pairs: perMetric((key) => [...(shown.thresholds[key] ?? shown.inForce[key])] as Pair),
    own: perMetric((key) => shown.thresholds[key] !== undefined),
    escalates: shown.escalateAfterMinutes !== undefined,
    escalateAfterMinutes: shown.escalateAfterMinutes ?? 30,
  };
}

/** What the API would refuse, said before it does. */
export function problemsOf(draft: Draft): Partial<Record<MetricName | "escalateAfterMinutes", string>> {
  const problems: Partial<Record<MetricName | "escalateAfterMinutes", string>> = {};
  for (const { key, max } of metrics) {
    const [warning, critical] = draft.pairs[key];
    const least = key === "loadAverage1m" ? 0.1 : 1;
    if (!draft.own[key]) continue;
    if (warning === undefined || critical === undefined) problems[key] = "Say both";
    else if (warning < least || critical > max) problems[key] = `Between ${least} and ${max}`;
    else if (warning >= critical) problems[key] = "Warning must be below critical";
  }
  const after = draft.escalateAfterMinutes;
  if (draft.escalates && (after === undefined || !Number.isInteger(after) || after < 1 || after > 10_080)) {
    problems.escalateAfterMinutes = "Between a minute and a week (10080)";
  }
  return problems;
}

export function wishOf(draft: Draft): { thresholds: ThresholdsGiven; escalateAfterMinutes?: number } | undefined {
  if (Object.keys(problemsOf(draft)).length > 0) return undefined;
  const thresholds = Object.fromEntries(
    metrics.filter(({ key }) => draft.own[key]).map(({ key }) => [key, draft.pairs[key]]),
  ) as ThresholdsGiven;
  const { escalates, escalateAfterMinutes } = draft;
  return { thresholds, ...(escalates && escalateAfterMinutes !== undefined ? { escalateAfterMinutes } : {}) };
}
