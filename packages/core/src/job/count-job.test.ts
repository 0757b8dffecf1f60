import { expect, test } from "vitest";
import { countsOfJob } from "./count-job.ts";
import type { JobEvent, JobState } from "./job-state.ts";
import { newJob } from "./new-job.ts";
import { assumedSeconds } from "./predict-job.ts";
import { reduceJob } from "./reduce-job.ts";

const startMs = 1_700_000_000_000;
const queued = newJob(
  {
    tenantId: "ten_1",
    jobId: "job_1",
    taskId: "tsk_1",
    lane: "express",
    tier: "ollama",
    secretHash: "s1",
    predictedSeconds: 3,
  },
  startMs,
);
const take: JobEvent = { type: "claim", owner: "wrk_1", claimId: "c1", leaseMs: 30_000 };

/** The last of these events, and what it adds to the sums. */
function counted(...events: { event: JobEvent; atMs: number }[]) {
  let [before, after]: [JobState, JobState] = [queued, queued];
  let atMs = startMs;
  for (const one of events) {
    atMs = startMs + one.atMs;
    [before, after] = [after, reduceJob(after, one.event, atMs).state];
  }
  return countsOfJob(before, after, atMs);
}

test("a job arrives once: when it is made, and again only in front of another tier", () => {
  expect(countsOfJob(undefined, queued, startMs)).toEqual([
    { queue: "express", kind: "plan", counts: { arrivals: 1 } },
  ]);
  expect(counted({ event: { type: "sent" }, atMs: 1 })).toEqual([]);
  expect(counted({ event: { type: "requeue", secretHash: "s2" }, atMs: 11_000 })).toEqual([]);
  expect(counted({ event: { type: "requeue", secretHash: "s2", tier: "claude" }, atMs: 11_000 })).toEqual([
    { queue: "escalations", kind: "plan", counts: { arrivals: 1 } },
  ]);
});

test("where there is no key, or no room in the budget, nobody has worked", () => {
  const toClaude = { event: { type: "requeue", secretHash: "s2", tier: "claude" } as const, atMs: 0 };
  const fail = { type: "fail", owner: "wrk_1", attempt: 1, reason: "no key" } as const;
  const [unasked] = counted(toClaude, { event: take, atMs: 1 }, { event: fail, atMs: 2 });
  expect(unasked).toMatchObject({ counts: { failures: 1 } });
  expect(unasked?.work).toBeUndefined();
  const [asked] = counted(toClaude, { event: take, atMs: 1 }, { event: { ...fail, model: "claude" }, atMs: 2 });
  expect(asked?.work).toMatchObject({ tier: "claude", model: "claude" });
});

test("an answer counts its wait, its time, its tokens, and how far the prediction was off", () => {
  const succeed: JobEvent = {
    type: "succeed",
    owner: "wrk_1",
    attempt: 1,
    output: "{}",
    model: "llama3.2:3b",
    grade: 1,
    promptTokens: 100,
    completionTokens: 20,
    latencyMs: 1_400,
  };
  expect(counted({ event: take, atMs: 500 }, { event: succeed, atMs: 2_000 })).toEqual([
    {
      queue: "express",
      kind: "plan",
      counts: {
        completions: 1,
        serviceMs: 1_500,
        serviceSquaredS2: 2.25,
        waits: 1,
        waitMs: 500,
        promptTokens: 100,
        completionTokens: 20,
        predicted: 1,
        predictedMs: 3_000,
        predictionErrorMs: 1_500,
      },
      // Half of what was predicted; and slower than its tokens are thought to take.
      ratios: { error: 0.5, speed: expect.closeTo(1.5 / assumedSeconds(100, 20)) },
      work: { workerId: "wrk_1", tier: "ollama", model: "llama3.2:3b", costUsd: 0 },
    },
  ]);
});

test("an attempt that falls short counts as one, with its time, and the job arrives in front of Claude", () => {
  const fall: JobEvent = {
    type: "fall_short",
    owner: "wrk_1",
    attempt: 1,
    reason: "grade 0.3",
    nextTier: "claude",
    secretHash: "s2",
  };
  const [attempt, arrival] = counted({ event: take, atMs: 0 }, { event: fall, atMs: 4_000 });
  expect(attempt).toMatchObject({ queue: "express", counts: { failures: 1, serviceMs: 4_000 } });
  expect(attempt?.counts).not.toHaveProperty("predicted");
  expect(arrival).toEqual({ queue: "escalations", kind: "plan", counts: { arrivals: 1 } });
});

test("a worker that went silent counts as a failure when another one takes the job", () => {
  const again: JobEvent = { type: "claim", owner: "wrk_2", claimId: "c2", leaseMs: 30_000 };
  expect(counted({ event: take, atMs: 0 }, { event: again, atMs: 31_000 })).toMatchObject([
    { counts: { failures: 1 }, work: { workerId: "wrk_1" } },
  ]);
});

test("what is given back untouched, and what is cancelled, says nothing of how long jobs take", () => {
  const release: JobEvent = { type: "release", owner: "wrk_1", attempt: 1, secretHash: "s2" };
  expect(counted({ event: take, atMs: 0 }, { event: release, atMs: 100 })).toEqual([]);
  expect(counted({ event: take, atMs: 0 }, { event: { type: "cancel" }, atMs: 100 })).toEqual([]);
});
