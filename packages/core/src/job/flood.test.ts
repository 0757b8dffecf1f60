import { jobHasEnded } from "@steward/contracts/states";
import { describe, expect, it } from "vitest";
import { startMs, taskId } from "../../test/fixtures.ts";
import { chanceOf } from "../../test/simulation/scheduler.ts";
import { admit, candidateOf, emptyAdmission, windowOf } from "./admit.ts";
import { holdsPlace, isHeldBack } from "./held-back.ts";
import type { JobState } from "./job-state.ts";
import { judgeWait } from "./judge-wait.ts";
import { newJob } from "./new-job.ts";
import { reduceJob } from "./reduce-job.ts";

/*
 * A lane on a virtual clock, by the reducers themselves: ten thousand jobs of one tenant, then one of another. The queue
 * is first in, first out, which is the worst for the other one; SQS fair queues would only help it. Some of those who end
 * a job die before they give its place back.
 */

const longestMs = 5_000;
const lookEveryMs = 60_000;

function flood(input: { jobs: number; slots: number; otherAtMs: number; deaths: number; seed: number }) {
  const chance = chanceOf(input.seed);
  const random = () => chance.next();
  const window = windowOf(input.slots);
  const jobs = new Map<string, JobState>();
  const lanes = {
    flood: emptyAdmission({ tenantId: "flood", lane: "express" }),
    other: emptyAdmission({ tenantId: "other", lane: "express" }),
  };
  const heldBack = { flood: [] as string[], other: [] as string[] };
  const queue: string[] = [];
  const running: { jobId: string; endsAtMs: number }[] = [];
  const left: string[] = [];
  let nowMs = startMs;
  let mostInLane = 0;
  let mostAtWork = 0;
  let otherMayPay = 0;

  const get = (jobId: string): JobState => jobs.get(jobId) ?? expect.fail();
  const send = (jobId: string) => queue.push(jobId);
  const tenantOf = (jobId: string) => get(jobId).tenantId as keyof typeof lanes;

  function submit(tenantId: keyof typeof lanes, jobId: string): void {
    const job = { tenantId, jobId, taskId, lane: "express", tier: "ollama", secretHash: "s" } as const;
    const atOnce = newJob(job, nowMs);
    const place = lanes[tenantId].holding
      ? undefined
      : admit(lanes[tenantId], { left: [], waiting: [candidateOf(atOnce, nowMs)], more: false, window }, nowMs);
    if (place !== undefined && place.admitted.length > 0) {
      lanes[tenantId] = place.state;
      jobs.set(jobId, atOnce);
      send(jobId);
      return;
    }
    jobs.set(jobId, newJob({ ...job, heldBack: true }, nowMs));
    heldBack[tenantId].push(jobId);
    letIn(tenantId, []);
  }

  function letIn(tenantId: keyof typeof lanes, gone: string[], look = false): void {
    const list = heldBack[tenantId];
    while (list[0] !== undefined && !isHeldBack(get(list[0]))) list.shift();
    const waiting = list.slice(0, window).filter((jobId) => isHeldBack(get(jobId)));
    const candidates = waiting.map((jobId) => candidateOf(get(jobId), nowMs));
    const more = list.length > window;
    const step = admit(lanes[tenantId], { left: gone, waiting: candidates, more, window, look }, nowMs);
    lanes[tenantId] = step.state;
    for (const { jobId } of step.admitted) {
      const { state, effects } = reduceJob(get(jobId), { type: "admit", secretHash: "t" }, nowMs);
      jobs.set(jobId, state);
      if (effects.some(({ type }) => type === "send")) send(jobId);
    }
  }

  function work(): void {
    while (running.length < input.slots) {
      const jobId = queue.shift();
      if (jobId === undefined) return;
      const claim = { type: "claim", owner: "wrk_1", claimId: jobId, leaseMs: 30_000 } as const;
      jobs.set(jobId, reduceJob(get(jobId), claim, nowMs).state);
      running.push({ jobId, endsAtMs: nowMs + Math.ceil(random() * longestMs) });
      running.sort((a, b) => a.endsAtMs - b.endsAtMs);
    }
  }

  function look(): void {
    // The reconciler: deadlines, and places that nobody gave back.
    for (const tenantId of ["flood", "other"] as const) {
      const gone = lanes[tenantId].places.filter(({ jobId }) => !holdsPlace(get(jobId))).map(({ jobId }) => jobId);
      for (const jobId of heldBack[tenantId]) {
        const job = get(jobId);
        if (job.deadlineAtMs <= nowMs) jobs.set(jobId, reduceJob(job, { type: "pass_deadline" }, nowMs).state);
      }
      letIn(tenantId, gone, true);
    }
  }

  function watch(): void {
    const inLane = [...queue, ...running.map(({ jobId }) => jobId)].filter((jobId) => tenantOf(jobId) === "flood");
    mostInLane = Math.max(mostInLane, inLane.length);
    mostAtWork = Math.max(mostAtWork, running.length);
    const other = jobs.get("other");
    if (other?.status !== "queued") return;
    const own = { places: lanes.other.places.length, holding: lanes.other.holding, window };
    const slots = { ready: input.slots, used: running.length };
    if (judgeWait(other, { own, slots, nowMs }).kind === "escalate") otherMayPay += 1;
  }

  for (let index = 0; index < input.jobs; index += 1) submit("flood", `flood_${String(index).padStart(5, "0")}`);
  let nextLookMs = startMs + lookEveryMs;
  let otherIsIn = false;
  for (;;) {
    work();
    watch();
    const times = [
      running[0]?.endsAtMs,
      otherIsIn ? undefined : startMs + input.otherAtMs,
      heldBack.flood.some((jobId) => isHeldBack(get(jobId))) || left.length > 0 ? nextLookMs : undefined,
    ].filter((at) => at !== undefined);
    if (times.length === 0) break;
    nowMs = Math.max(nowMs, Math.min(...times));
    if (!otherIsIn && nowMs >= startMs + input.otherAtMs) {
      otherIsIn = true;
      submit("other", "other");
    }
    if (nowMs >= nextLookMs) {
      nextLookMs += lookEveryMs;
      left.length = 0;
      look();
    }
    for (let first = running[0]; first !== undefined && first.endsAtMs <= nowMs; first = running[0]) {
      running.shift();
      const { jobId } = first;
      const outcome = { output: "{}", model: "m", grade: 1, promptTokens: 1, completionTokens: 1, latencyMs: 1 };
      const succeed = { type: "succeed", owner: "wrk_1", attempt: get(jobId).attempt, ...outcome } as const;
      jobs.set(jobId, reduceJob(get(jobId), succeed, nowMs).state);
      if (random() < input.deaths) left.push(jobId);
      else letIn(tenantOf(jobId), [jobId]);
    }
  }
  const other = get("other");
  const all = [...jobs.values()];
  return {
    window,
    mostInLane,
    mostAtWork,
    otherMayPay,
    otherWaitedMs: (other.startedAtMs ?? Number.NaN) - other.createdAtMs,
    notEnded: all.filter(({ status }) => !jobHasEnded(status)).length,
    succeeded: all.filter(({ status }) => status === "succeeded").length,
    failed: all.filter(({ status }) => status === "failed"),
  };
}

describe("ten thousand jobs of one tenant, then one of another", () => {
  it.each([
    { slots: 8, deaths: 0, seed: 1 },
    { slots: 16, deaths: 0.01, seed: 2 },
    { slots: 1, deaths: 0, seed: 3 },
  ])(
    "$slots slots, of $deaths of the ends nobody tells: the other waits for the window and two services at most",
    (one) => {
      const end = flood({ ...one, jobs: 10_000, otherAtMs: 7_777 });
      console.log(
        `flood: ${one.slots} slots, window ${end.window}: the other waited ${end.otherWaitedMs} ms (a job takes up to ${longestMs} ms); ` +
          `${end.mostInLane} of the flood in the lane at most; ${end.succeeded} done, ${end.failed.length} ended unserved after an hour`,
      );
      expect(end.mostInLane).toBeLessThanOrEqual(end.window);
      expect(end.mostAtWork).toBeLessThanOrEqual(one.slots);
      const windowMs = Math.ceil(end.window / one.slots) * longestMs;
      expect(end.otherWaitedMs).toBeLessThanOrEqual(windowMs + 2 * longestMs);
      // The flood is nothing that the other one would pay for.
      expect(end.otherMayPay).toBe(0);
      // Nothing is lost: whatever was not served in an hour says so.
      expect(end.notEnded).toBe(0);
      expect(end.succeeded + end.failed.length).toBe(10_001);
      for (const { tenantId } of end.failed) expect(tenantId).toBe("flood");
    },
  );
});
