import { defaults } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { lanes } from "@steward/contracts/names";
import { jobHasEnded } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { startMs, taskId, tenantId } from "../../test/fixtures.ts";
import { nextTry } from "../planning/next-tier.ts";
import type { JobEvent, JobState } from "./job-state.ts";
import { judgeWait } from "./judge-wait.ts";
import { newJob } from "./new-job.ts";
import { reduceJob } from "./reduce-job.ts";

/*
 * One job on a virtual clock, by the reducers themselves. Whoever takes it from its lane comes to nothing: it dies under its
 * lease, its model hangs, or is too slow for the deadline. The reconciler looks once a minute, at any second of it. Claude
 * answers, once its message has arrived: a function starts, and reads what it has to.
 */

const leaseMs = 30_000;
const lookEveryMs = 60_000;
/** As a worker leaves it for its message to arrive. */
const marginMs = 2_000;

type Taker =
  /** Nobody takes it. */
  | { kind: "none" }
  /** Takes it after a while, and is killed. */
  | { kind: "dies"; afterMs: number }
  /** Takes it after a while; its model says nothing, or goes on and on. */
  | { kind: "hangs" | "crawls"; afterMs: number };

interface Given {
  lane: JobState["lane"];
  takers: Taker[];
  lookAtMs: number;
  /** Until Claude's function holds the job. */
  wayMs: number;
  claudeMs: number;
}

function live({ lane, takers, lookAtMs, wayMs, claudeMs }: Given): { job: JobState; endedAtMs: number } {
  let job = newJob({ tenantId, jobId: "job_1", taskId, lane, tier: "ollama", secretHash: "s" }, startMs);
  const deaths = takers.values();
  let secret = 0;
  /** What happens to it at its place, unless the reconciler is earlier. */
  let next: { atMs: number; event: () => JobEvent } | undefined;
  const happen = (event: JobEvent, nowMs: number) => {
    const step = reduceJob(job, event, nowMs);
    job = step.state;
    if (step.effects.some(({ type }) => type === "send")) next = taken(nowMs);
  };
  const taken = (nowMs: number): typeof next => {
    const { tier } = job;
    const taker =
      tier === "claude" ? ({ kind: "answers", afterMs: wayMs } as const) : (deaths.next().value ?? { kind: "none" });
    if (taker.kind === "none") return undefined;
    const owner = `${taker.kind}-${(secret += 1)}`;
    const claim = { type: "claim" as const, owner, claimId: owner, leaseMs: tier === "claude" ? 100_000 : leaseMs };
    return {
      atMs: nowMs + taker.afterMs,
      event: () => {
        const claimedAtMs = nowMs + taker.afterMs;
        next = undefined;
        const held = { owner, attempt: job.attempt + 1 };
        if (taker.kind === "answers") {
          const took = { promptTokens: 1, completionTokens: 1, latencyMs: claudeMs };
          const event = { type: "succeed" as const, ...held, ...took, output: "{}", model: "m", grade: 1 };
          next = { atMs: claimedAtMs + claudeMs, event: () => event };
        } else if (taker.kind !== "dies") {
          const endsAtMs = Math.min(job.deadlineAtMs, taker.kind === "crawls" ? Infinity : claimedAtMs + leaseMs);
          next = {
            atMs: endsAtMs - marginMs,
            event: () => {
              const went = nextTry(job, "model_timeout");
              const nextTier = went.kind === "try" ? went.tier : undefined;
              return { type: "fall_short", ...held, reason: "too slow", nextTier, secretHash: `s${secret}` };
            },
          };
          // A model that writes has its lease extended to the end.
          if (taker.kind === "crawls") return { ...claim, leaseMs: endsAtMs };
        }
        return claim;
      },
    };
  };
  next = taken(startMs);
  for (let lookMs = startMs + lookAtMs; ; ) {
    if (next !== undefined && next.atMs <= lookMs) {
      const { atMs, event } = next;
      next = undefined;
      try {
        happen(event(), atMs);
      } catch (error) {
        // A claim that comes after the deadline is refused; the reconciler has the job then.
        if (!hasCode(error, "expired")) throw error;
        next = undefined;
      }
      if (jobHasEnded(job.status)) return { job, endedAtMs: atMs };
      continue;
    }
    if ((job.dueAtMs ?? 0) <= lookMs) {
      const secretHash = `r${(secret += 1)}`;
      const isOver = lookMs >= job.deadlineAtMs;
      const wait = judgeWait(job, {
        own: { places: 1, window: 2, holding: false },
        slots: { ready: 1, used: 1 },
        nowMs: lookMs,
      });
      const tier = wait.kind === "escalate" ? { tier: "claude" as const } : {};
      happen(isOver ? { type: "pass_deadline", secretHash } : { type: "requeue", secretHash, ...tier }, lookMs);
      if (jobHasEnded(job.status)) return { job, endedAtMs: lookMs };
    }
    lookMs += lookEveryMs;
  }
}

const afterMs = fc.integer({ min: 0, max: 40_000 });
const given: fc.Arbitrary<Given> = fc.record({
  lane: fc.constantFrom(...lanes),
  takers: fc.array(
    fc.oneof(
      fc.constant({ kind: "none" as const }),
      fc.record({ kind: fc.constantFrom("dies" as const, "hangs" as const, "crawls" as const), afterMs }),
    ),
    { maxLength: 6 },
  ),
  lookAtMs: fc.integer({ min: 0, max: lookEveryMs - 1 }),
  wayMs: fc.integer({ min: 0, max: 15_000 }),
  claudeMs: fc.integer({ min: 1_000, max: defaults.leastTurnSeconds * 1000 - 1 }),
});

describe("a job whose workers go silent, hang, crawl or do not come", () => {
  it("is answered by the next tier, whatever is left of its time, and not much later than its time", () => {
    fc.assert(
      fc.property(given, (one) => {
        const { job, endedAtMs } = live(one);
        expect(job).toMatchObject({ status: "succeeded", tier: "claude" });
        const timeMs = (defaults.jobDeadlineSeconds[one.lane] + defaults.overtimeSeconds) * 1000;
        expect(endedAtMs - startMs).toBeLessThanOrEqual(timeMs + lookEveryMs);
      }),
      { numRuns: 300 },
    );
  });
});
