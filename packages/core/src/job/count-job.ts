import type { Lane } from "@steward/contracts/names";
import type { AttemptCost, JobKind, JobState } from "./job-state.ts";
import { assumedSeconds } from "./predict-job.ts";
import type { RatioName } from "./ratio-counts.ts";

/** Where jobs wait: a lane, or the queue in front of Claude. */
export type WorkQueue = Lane | "escalations";

/** What is summed up of jobs, minute by minute. Durations in milliseconds, but for the squares. */
export interface LaneCounts {
  /** Jobs that came to wait here: new ones, and those that come from another tier. */
  arrivals: number;
  completions: number;
  /** Attempts that came to nothing: fell short, went silent, ran out of time. */
  failures: number;
  /** First attempts that have ended, and how long they had waited to be taken. */
  waits: number;
  waitMs: number;
  /** From being taken to the end, of attempts with either end. */
  serviceMs: number;
  /** The same, squared, in s²: how uneven jobs are. */
  serviceSquaredS2: number;
  promptTokens: number;
  completionTokens: number;
  /** Completions by workers that had a prediction, what was predicted for them, and by how much it was wrong, up or down. */
  predicted: number;
  predictedMs: number;
  predictionErrorMs: number;
}

export interface JobCounts {
  queue: WorkQueue;
  kind: JobKind;
  counts: Partial<LaneCounts>;
  /** How the attempt came out beside what was thought of it. */
  ratios?: Partial<Record<RatioName, number>>;
  /** Whose attempt has ended, where one has. */
  work?: { workerId: string; tier: JobState["tier"]; model: string; costUsd: number };
}

/** What a change of a job adds to the sums. `before` absent: it is new. */
export function countsOfJob(before: JobState | undefined, after: JobState, nowMs: number): JobCounts[] {
  const all: JobCounts[] = [];
  const ended = before === undefined ? undefined : endedAttempt(before, after, nowMs);
  if (ended !== undefined) all.push(ended);
  // A new tier is a new queue to wait in.
  const isNew = before === undefined || queueOf(before) !== queueOf(after);
  if (after.status === "queued" && isNew) {
    all.push({ queue: queueOf(after), kind: after.kind, counts: { arrivals: 1 } });
  }
  return all;
}

export function queueOf({ tier, lane }: Pick<JobState, "tier" | "lane">): WorkQueue {
  return tier === "claude" ? "escalations" : lane;
}

/** The attempt that this change ends. One that is given back untouched, or cancelled, says nothing of how long jobs take. */
function endedAttempt(before: JobState, after: JobState, nowMs: number): JobCounts | undefined {
  if (before.status !== "leased") return undefined;
  const failure = after.failures.length > before.failures.length ? after.failures.at(-1) : undefined;
  const succeeded = after.status === "succeeded";
  if (!succeeded && failure === undefined) return undefined;
  const spent: AttemptCost & { model?: string } = succeeded ? after : (failure ?? {});
  // Old records do not say when their attempt began: the worker's own clock says how long it took.
  const serviceMs = before.startedAtMs === undefined ? (spent.latencyMs ?? 0) : Math.max(0, nowMs - before.startedAtMs);
  const waitedMs =
    before.attempt === 1 && before.startedAtMs !== undefined
      ? Math.max(0, before.startedAtMs - before.createdAtMs)
      : undefined;
  const { predictedSeconds } = before;
  const ratios = before.tier === "ollama" ? ratiosOf(before, spent, serviceMs / 1000) : undefined;
  const costUsd = Math.max(0, (after.costUsd ?? 0) - (before.costUsd ?? 0));
  // Without a key, or without room in the budget, nobody has worked.
  const nobodyAsked = before.tier === "claude" && !succeeded && spent.model === undefined && costUsd === 0;
  const isPredicted = succeeded && before.tier === "ollama" && predictedSeconds !== undefined;
  return {
    queue: queueOf(before),
    kind: before.kind,
    counts: {
      ...(succeeded ? { completions: 1 } : { failures: 1 }),
      serviceMs,
      serviceSquaredS2: (serviceMs / 1000) ** 2,
      ...(waitedMs === undefined ? {} : { waits: 1, waitMs: waitedMs }),
      promptTokens: spent.promptTokens ?? 0,
      completionTokens: spent.completionTokens ?? 0,
      ...(isPredicted
        ? {
            predicted: 1,
            predictedMs: predictedSeconds * 1000,
            predictionErrorMs: Math.abs(serviceMs - predictedSeconds * 1000),
          }
        : {}),
    },
    ...(ratios === undefined ? {} : { ratios }),
    ...(nobodyAsked
      ? {}
      : {
          work: {
            workerId: before.lease?.owner ?? "unknown",
            tier: before.tier,
            model: spent.model ?? "unknown",
            costUsd,
          },
        }),
  };
}

/** Of an attempt whose model wrote something, good or not: one that was silent says nothing of how fast it writes. */
function ratiosOf(
  { predictedSeconds, expectedTokens }: JobState,
  { promptTokens = 0, completionTokens = 0 }: AttemptCost,
  seconds: number,
): JobCounts["ratios"] {
  if (completionTokens === 0) return undefined;
  return {
    speed: seconds / assumedSeconds(promptTokens, completionTokens),
    ...(expectedTokens === undefined ? {} : { length: completionTokens / expectedTokens }),
    ...(predictedSeconds === undefined ? {} : { error: seconds / predictedSeconds }),
  };
}
