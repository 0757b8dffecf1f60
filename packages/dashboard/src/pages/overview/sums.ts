import type { FleetHistory, HealthCounts } from "@steward/contracts/fleet";
import { healthLevels } from "@steward/contracts/heartbeat";
import type { LimitsView, QuotaName } from "@steward/contracts/limits";
import type { Distribution, QueueStatus } from "@steward/contracts/queues";
import { type RunStatus, runHasEnded } from "@steward/contracts/states";
import type { WaveView } from "@steward/contracts/task";

/** The histories of several tenants as one. A step that one of them lacks is what the others had. */
export function sumHistory(histories: readonly FleetHistory[]): { atMs: number[]; counts: HealthCounts[] } {
  const steps = new Map<number, HealthCounts>();
  for (const { points } of histories) {
    for (const point of points) {
      const atMs = Date.parse(point.at);
      const sum = steps.get(atMs) ?? { healthy: 0, warning: 0, critical: 0, offline: 0 };
      for (const level of healthLevels) sum[level] += point[level];
      steps.set(atMs, sum);
    }
  }
  const sorted = [...steps].sort((a, b) => a[0] - b[0]);
  return { atMs: sorted.map(([atMs]) => atMs), counts: sorted.map(([, counts]) => counts) };
}

export interface LaneSample {
  atMs: number;
  queued: number;
  inFlight: number;
}
export type LaneSamples = Readonly<Record<string, readonly LaneSample[]>>;

const mostSamples = 180;
const leastGapMs = 1_500;

/** What was seen of the lanes while the page was open: the API has no history of them. */
export function withLanes(before: LaneSamples, lanes: QueueStatus["lanes"], atMs: number): LaneSamples {
  const last = Object.values(before)[0]?.at(-1);
  if (last !== undefined && atMs - last.atMs < leastGapMs) return before;
  return Object.fromEntries(
    lanes.map(({ lane, queued, inFlight }) => [
      lane,
      [...(before[lane] ?? []), { atMs, queued, inFlight }].slice(-mostSamples),
    ]),
  );
}

/** Of all runs of a rollout: how many have ended, and how. */
export function progressOf(waves: readonly WaveView[]): { total: number; ended: number; failed: number } {
  let total = 0;
  let ended = 0;
  let failed = 0;
  for (const wave of waves) {
    total += wave.total;
    for (const [status, count] of Object.entries(wave.counts) as [RunStatus, number][]) {
      if (runHasEnded(status)) ended += count;
      if (status === "failed" || status === "expired") failed += count;
    }
  }
  return { total, ended, failed };
}

export interface TierSpend {
  tier: string;
  jobs: number;
  failures: number;
  tokens: number;
  seconds: number;
  costUsd: number;
}

/** Where work ran, by who did it: our own workers, or Claude. */
export function spendByTier(items: Distribution["items"]): TierSpend[] {
  const tiers = new Map<string, TierSpend>();
  for (const { tier, jobs, failures, tokens, seconds, costUsd } of items) {
    const sum = tiers.get(tier) ?? { tier, jobs: 0, failures: 0, tokens: 0, seconds: 0, costUsd: 0 };
    tiers.set(tier, {
      tier,
      jobs: sum.jobs + jobs,
      failures: sum.failures + failures,
      tokens: sum.tokens + tokens,
      seconds: sum.seconds + seconds,
      costUsd: sum.costUsd + costUsd,
    });
  }
  return [...tiers.values()].sort((a, b) => b.costUsd - a.costUsd || b.seconds - a.seconds);
}

export const quotaNames: Record<QuotaName, string> = {
  appliances: "Appliances",
  tasksPerDay: "Tasks today",
  queuedJobs: "Requests at models",
  modelUsdPerMonth: "Claude this month",
  outputBytesPerDay: "Output today",
};

export type QuotaUse = LimitsView["quotas"][number];

/** How near to its end a quota is; a quota of nothing is used up by anything. */
export function shareOf({ used, limit }: Pick<QuotaUse, "used" | "limit">): number {
  return limit <= 0 ? (used > 0 ? 1 : 0) : used / limit;
}

/** What of several tenants is nearly used up, the fullest first. */
export function nearlyFull(
  all: readonly { tenantId: string; answer: LimitsView }[],
  from = 0.8,
): { tenantId: string; use: QuotaUse }[] {
  return all
    .flatMap(({ tenantId, answer }) => answer.quotas.map((use) => ({ tenantId, use })))
    .filter(({ use }) => use.used > 0 && shareOf(use) >= from)
    .sort((a, b) => shareOf(b.use) - shareOf(a.use));
}

export function quotaText(quota: QuotaName, value: number, bytes: (value: number) => string): string {
  if (quota === "modelUsdPerMonth") return `$${value.toFixed(2)}`;
  return quota === "outputBytesPerDay" ? bytes(value) : value.toLocaleString("en");
}

/** `at once`, `about 12 s`, `nobody knows: …`. */
export function waitText(
  wait: QueueStatus["lanes"][number]["expectedWait"],
  span: (seconds: number) => string,
): string {
  if (wait.kind === "unknown") return `nobody knows: ${wait.why}`;
  const { seconds, toSeconds } = wait;
  if (toSeconds === undefined) return `${span(seconds)} and growing`;
  return toSeconds < 1 ? "at once" : seconds < 1 ? `up to ${span(toSeconds)}` : `about ${span(seconds)}`;
}
