import { createJob, replaceJob } from "@steward/aws/records/job";
import { commit } from "@steward/aws/table";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import type { Lane } from "@steward/contracts/names";
import { claimJob } from "@steward/control/claim-job";
import { completeJob } from "@steward/control/complete-job";
import type { Caller } from "@steward/control/context";
import { createClaudeBreaker } from "@steward/control/claude-breaker";
import { escalateJob } from "@steward/control/escalate-job";
import { measureLoad } from "@steward/control/measure-load";
import { noteJob } from "@steward/control/note-job";
import { submitTask } from "@steward/control/submit-task";
import { sweepPresence } from "@steward/control/sweep-presence";
import type { JobState } from "@steward/core/job/job-state";
import { newJob } from "@steward/core/job/new-job";
import { reduceJob } from "@steward/core/job/reduce-job";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type House, openHouse, takeOne } from "./support/house.ts";

let house: House;
let person: Caller;
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
});
afterEach(async () => {
  await house.stop();
});

async function queueJobs(count: number, lane: Lane): Promise<ReturnType<typeof newJob>[]> {
  const nowMs = house.nowMs();
  const jobs = Array.from({ length: count }, () =>
    newJob(
      {
        tenantId: person.tenantId,
        jobId: newId("job", nowMs),
        taskId: newId("task", nowMs),
        lane,
        tier: "ollama",
        secretHash: "a".repeat(64),
      },
      nowMs,
    ),
  );
  for (const job of jobs) await commit(house.table, [createJob(job)]);
  return jobs;
}

/** The measured figures: `{"QueuedJobs express": 2, Slots: 1, …}`; each must have been measured once. */
async function measured(): Promise<Record<string, number>> {
  house.metered.length = 0;
  await measureLoad(house);
  const figures = house.metered.map(({ metric, value, dimensions }) => [
    [metric, ...Object.values(dimensions)].join(" "),
    value,
  ]);
  const found = Object.fromEntries(figures) as Record<string, number>;
  expect(Object.keys(found)).toHaveLength(figures.length);
  return found;
}

it("measures what waits in each lane and who is there to do it", async () => {
  await house.machine(providerTenantId, "worker", "one");
  await house.machine(providerTenantId, "worker", "two");
  await queueJobs(3, "express");
  house.passTime(7_000);
  await queueJobs(2, "bulk");
  house.passTime(5_000);
  // Each worker of the house says that it has one slot and that it is in use.
  expect(await measured()).toEqual({
    "QueuedJobs express": 3,
    "QueuedJobs standard": 0,
    "QueuedJobs bulk": 2,
    "HeldBackJobs express": 0,
    "HeldBackJobs standard": 0,
    "HeldBackJobs bulk": 0,
    "OldestQueuedSeconds express": 12,
    "OldestQueuedSeconds standard": 0,
    "OldestQueuedSeconds bulk": 5,
    // Jobs of assumed lengths: three of 3 s over two slots, and the rest of one that is under way.
    "ExpectedWaitSeconds express": 6,
    "ExpectedWaitSeconds standard": 6,
    "ExpectedWaitSeconds bulk": 96,
    Slots: 2,
    SlotsUsed: 2,
    BacklogPerSlot: 2.5,
    JobsRunning: 7,
  });
});

it("has the queued jobs themselves as the backlog where there is no worker, and counts no job that was taken", async () => {
  const [first] = await queueJobs(4, "standard");
  if (first === undefined) throw new Error("no job");
  expect(await measured()).toMatchObject({ Slots: 0, SlotsUsed: 0, BacklogPerSlot: 4, JobsRunning: 4 });
  const { state } = reduceJob(first, { type: "cancel" }, house.nowMs());
  await commit(house.table, [replaceJob(first, state)]);
  expect(await measured()).toMatchObject({ "QueuedJobs standard": 3, BacklogPerSlot: 3, JobsRunning: 3 });
});

it("has no slot of a worker that is silent, and nothing at work where all is done", async () => {
  await house.machine(providerTenantId, "worker");
  house.passTime(600_000);
  expect(await measured()).toMatchObject({ Slots: 0, SlotsUsed: 0, BacklogPerSlot: 0, JobsRunning: 0 });
});

it("measures by what factor predictions were off, not its logarithm: the alarm is at four times", async () => {
  const [job] = await queueJobs(1, "standard");
  if (job === undefined) throw new Error("no job");
  const leased: JobState = { ...job, status: "leased", attempt: 1, startedAtMs: house.nowMs(), predictedSeconds: 10 };
  house.passTime(70_000);
  await noteJob(house, leased, { ...leased, status: "succeeded", completionTokens: 80 });
  // Counted in steps of 22 %.
  const off = (await measured())["PredictionErrorFactor standard"];
  expect(off).toBeGreaterThan(6);
  expect(off).toBeLessThan(8);
});

it("counts more jobs than DynamoDB counts at a time", async () => {
  // A query ends at 1 MB, also one that only counts.
  const jobs = await queueJobs(60, "bulk");
  for (const job of jobs) {
    const failure = { tier: "ollama" as const, attempt: 1, reason: "x".repeat(30_000) };
    await commit(house.table, [replaceJob(job, { ...job, version: job.version + 1, failures: [failure] })]);
  }
  expect(await measured()).toMatchObject({ "QueuedJobs bulk": 60 });
});

it("knows of each sweep how many nodes are expected and how many of them are there", async () => {
  await house.machine(person.tenantId, "appliance", "attic");
  const sweep = () => sweepPresence({ ...house, sendNodeEvent: async () => {} });
  expect(await sweep()).toEqual({ expected: 1, online: 1, announced: 0, expiring: 0, saved: 0 });
  house.passTime(600_000);
  await house.machine(person.tenantId, "appliance", "cellar");
  expect(await sweep()).toEqual({ expected: 2, online: 1, announced: 1, expiring: 0, saved: 0 });
  expect(await sweep()).toEqual({ expected: 2, online: 1, announced: 0, expiring: 0, saved: 0 });
});

const answer = JSON.stringify({ kind: "unsure" });
/** Words that no pattern fits: a model has to read them. */
const ask = () =>
  submitTask(house, person, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });

it("counts a worker's tokens once, however often its answer comes", async () => {
  await house.machine(person.tenantId, "appliance");
  const worker = await house.machine(providerTenantId, "worker");
  await ask();
  const { tenantId, jobId, secret } = takeOne<LaneMessage>(house, "inference-express");
  const claimId = "00000000-0000-4000-8000-000000000001";
  const { attempt } = await claimJob(house, worker, { jobId }, { tenantId, secret, claimId });
  const body = {
    tenantId,
    attempt,
    output: answer,
    model: "m",
    promptTokens: 900,
    completionTokens: 41,
    durationMs: 5,
  };
  await completeJob(house, worker, { jobId }, body);
  await completeJob(house, worker, { jobId }, body);
  expect(house.metered).toEqual([{ metric: "Tokens", value: 41, dimensions: { Tier: "ollama" } }]);
});

it("counts what Claude wrote and what it cost", async () => {
  await house.machine(person.tenantId, "appliance");
  await ask();
  const claude = {
    key: async () => "key",
    previousKey: async () => undefined,
    breaker: createClaudeBreaker({ nowMs: Date.now, log: () => {} }),
    model: "claude-sonnet-5-5",
    ask: async () => ({
      kind: "answer" as const,
      output: answer,
      model: "claude-sonnet-5-5",
      promptTokens: 1_000,
      cacheWriteTokens: 0,
      cacheReadTokens: 0,
      completionTokens: 100,
      latencyMs: 5,
    }),
  };
  await escalateJob({ ...house, claude }, takeOne<LaneMessage>(house, "escalations"));
  expect(house.metered).toEqual([
    { metric: "ModelSpendUsd", value: 0.0045, dimensions: {} },
    { metric: "Tokens", value: 100, dimensions: { Tier: "claude" } },
  ]);
});
