import { getJob, replaceJob } from "@steward/aws/records/job";
import { getNode } from "@steward/aws/records/node";
import { spendIn } from "@steward/aws/records/spend";
import { getTask } from "@steward/aws/records/task";
import { commit } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { monthOf } from "@steward/contracts/periods";
import { claimJob } from "@steward/control/claim-job";
import { completeJob, releaseJob } from "@steward/control/complete-job";
import type { Caller } from "@steward/control/context";
import type { JobState } from "@steward/core/job/job-state";
import { createClaudeBreaker } from "@steward/control/claude-breaker";
import { type ClaudeAccess, escalateJob } from "@steward/control/escalate-job";
import { newClaimSecret } from "@steward/control/send-job";
import { removeNode } from "@steward/control/node-views";
import { noteJob } from "@steward/control/note-job";
import { queueStatus } from "@steward/control/queue-status";
import { reconcile } from "@steward/control/reconcile";
import { revokeNode } from "@steward/control/revoke-node";
import { exportTenant } from "@steward/control/export-tenant";
import { submitTask } from "@steward/control/submit-task";
import { viewTask } from "@steward/control/view-task";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse, takeOne } from "./support/house.ts";

let house: House;
let person: Caller;
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
  await house.machine(person.tenantId, "appliance");
});
afterEach(async () => {
  await house.stop();
});

/** Words that no pattern fits: a model has to read them. */
const ask = (by = person) =>
  submitTask(house, by, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
const withoutKey = {
  key: async () => undefined,
  previousKey: async () => undefined,
  breaker: createClaudeBreaker({ nowMs: Date.now, log: () => {} }),
  ask: () => Promise.reject(new Error("nobody may be asked without a key")),
  model: "claude-sonnet-5-5",
};
const claimId = "00000000-0000-4000-8000-000000000001";
const otherClaimId = "00000000-0000-4000-8000-000000000002";

it("a job whose message was lost is sent again well before its deadline", async () => {
  await house.machine(providerTenantId, "worker");
  house.queuesAreDown = true;
  const task = await ask();
  house.queuesAreDown = false;
  house.passTime(10_000);
  await reconcile(house);
  expect(house.sent).toHaveLength(1);
  expect((await getTask(house.table, { tenantId: person.tenantId, taskId: task.id }))?.status).toBe("thinking");
});

it("a job that waited for a busy worker goes back to it where there is no key for Claude, and ends by its deadline", async () => {
  await house.machine(providerTenantId, "worker");
  const task = await ask();
  takeOne(house, "inference-express");
  // Its slots work for others: that is no reason to spend this tenant's money, before half of its time is over.
  house.passTime(15_000);
  await reconcile(house);
  takeOne(house, "inference-express");
  house.passTime(15_000);
  await reconcile(house);
  await escalateJob({ ...house, claude: withoutKey }, takeOne<LaneMessage>(house, "escalations"));
  const message = takeOne<LaneMessage>(house, "inference-express");
  const job = await getJob(house.table, { tenantId: message.tenantId, jobId: message.jobId });
  expect(job).toMatchObject({ status: "queued", tier: "ollama", failures: [{ reason: "no Claude key is set" }] });

  house.passTime(60_000);
  await reconcile(house);
  const ended = await getTask(house.table, { tenantId: person.tenantId, taskId: task.id });
  expect(ended).toMatchObject({ status: "failed", result: { message: expect.stringContaining("No worker had time") } });
});

it("a job whose workers die has five attempts also where there is no key for Claude: another worker may live", async () => {
  const worker = await house.machine(providerTenantId, "worker");
  const quick = { ...house, jobTimes: { leaseSeconds: 5 } };
  const task = await ask();
  const die = async () => {
    const message = takeOne<LaneMessage>(house, "inference-express");
    await claimJob(quick, worker, { jobId: message.jobId }, { ...message, claimId });
    house.passTime(6_000);
    await reconcile(house);
    return getJob(house.table, message);
  };
  await die();
  expect(await die()).toMatchObject({ status: "queued", tier: "claude" });
  await escalateJob({ ...house, claude: withoutKey }, takeOne<LaneMessage>(house, "escalations"));
  expect(await die()).toMatchObject({ status: "queued", tier: "ollama" });
  expect(await die()).toMatchObject({ status: "failed", failures: { length: 5 } });
  expect((await getTask(house.table, { tenantId: person.tenantId, taskId: task.id }))?.status).toBe("failed");
});

it("while Anthropic is down, a job waits without being claimed, goes to a worker that it has not seen, and is asked once after a pause", async () => {
  let asked = 0;
  const claude: ClaudeAccess = {
    ...withoutKey,
    key: async () => "key",
    ask: async () => {
      asked += 1;
      return {
        kind: "failed",
        reason: "Claude has a fault",
        staffDetail: "Anthropic has a fault (500)",
        retryable: true,
        billed: false,
        outage: true,
        latencyMs: 1,
      };
    },
    breaker: createClaudeBreaker(house),
  };
  const escalate = (message: LaneMessage) => escalateJob({ ...house, claude }, message);
  await ask();
  for (let attempt = 1; attempt <= 3; attempt += 1) await escalate(takeOne<LaneMessage>(house, "escalations"));
  const message = takeOne<LaneMessage>(house, "escalations");
  const attempts = async () => (await getJob(house.table, message))?.failures.length;
  expect(await attempts()).toBe(3);
  await escalate(message);
  const waiting = takeOne<LaneMessage>(house, "escalations");
  expect(waiting).toMatchObject({ jobId: message.jobId });
  // Delivered twice, the message that came to wait is one that nobody knows any more.
  await escalate(message);
  expect(house.sent).toEqual([]);
  expect([asked, await attempts()]).toEqual([3, 3]);

  await house.machine(providerTenantId, "worker");
  const { secret, secretHash } = newClaimSecret(house);
  const fresh = await ask();
  const own = takeOne<LaneMessage>(house, "inference-express");
  const job = await getJob(house.table, own);
  if (job === undefined) return expect.unreachable("it has a job");
  const waits = { ...job, tier: "claude" as const, secretHash, version: job.version + 1 };
  await commit(house.table, [replaceJob(job, waits)]);
  await escalate({ ...own, secret });
  expect(takeOne<LaneMessage>(house, "inference-express")).toMatchObject({ jobId: own.jobId });
  expect(await getJob(house.table, own)).toMatchObject({ taskId: fresh.id, tier: "ollama", attempt: 0, failures: [] });

  house.passTime(15_000);
  await escalate(message);
  expect([asked, await attempts()]).toEqual([3, 3]);
  await escalate(waiting);
  expect([asked, await attempts()]).toEqual([4, 4]);
});

it("a job that comes to Claude with too little time for a turn waits for Anthropic within the time that it gets on top, once", async () => {
  const task = await ask();
  const message = takeOne<LaneMessage>(house, "escalations");
  const down: ClaudeAccess = {
    ...withoutKey,
    key: async () => "key",
    breaker: { isUp: () => false, closedForMs: () => 15_000, ask: () => Promise.reject(new Error("nobody may ask")) },
  };
  const escalate = (one: LaneMessage) => escalateJob({ ...house, claude: down }, one);
  const job = (await getJob(house.table, message)) ?? expect.fail();
  house.passTime(job.deadlineAtMs - house.nowMs() - 8_000);
  await escalate(message);
  const waiting = takeOne<LaneMessage>(house, "escalations");
  expect(await getJob(house.table, message)).toMatchObject({
    status: "queued",
    tier: "claude",
    attempt: 0,
    deadlineAtMs: house.nowMs() + 30_000,
  });
  // Still down after the pause: what is left is no time to wait once more.
  house.passTime(15_000);
  await escalate(waiting);
  expect(await getTask(house.table, { tenantId: person.tenantId, taskId: task.id })).toMatchObject({
    status: "failed",
    result: { message: expect.stringContaining("Claude is down, and there is no time to wait for it") },
  });
});

it("a job that Anthropic turns out to be down for after it was claimed waits as well: nobody is said to have worked on it", async () => {
  await ask();
  const message = takeOne<LaneMessage>(house, "escalations");
  const down: ClaudeAccess = {
    ...withoutKey,
    key: async () => "key",
    breaker: { isUp: () => false, closedForMs: () => 0, ask: async () => ({ kind: "down", forMs: 15_000 }) },
  };
  await escalateJob({ ...house, claude: down }, message);
  expect(takeOne<LaneMessage>(house, "escalations")).toMatchObject({ jobId: message.jobId });
  expect(await getJob(house.table, message)).toMatchObject({ status: "queued", tier: "claude", failures: [] });
  const nowMs = house.nowMs();
  expect(await spendIn(house.table, message.tenantId, monthOf(nowMs).name, nowMs)).toMatchObject({
    spentMicros: 0,
    reservedMicros: 0,
  });
});

it("a job ends at once where neither a worker nor a key for Claude is there", async () => {
  const task = await ask();
  await escalateJob({ ...house, claude: withoutKey }, takeOne<LaneMessage>(house, "escalations"));
  const ended = await getTask(house.table, { tenantId: person.tenantId, taskId: task.id });
  expect(ended).toMatchObject({
    status: "failed",
    result: { message: expect.stringContaining("no Claude key is set") },
  });
});

it("a job waits for a worker that is started because it waits, is offered to Claude once, and ends in the end", async () => {
  const onDemand = { ...house, workerStartSeconds: 600 };
  const task = await submitTask(onDemand, person, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  const { tenantId, jobId } = takeOne<LaneMessage>(house, "inference-express");
  house.passTime(15_000);
  await reconcile(house);
  await escalateJob({ ...onDemand, claude: withoutKey }, takeOne<LaneMessage>(house, "escalations"));
  takeOne(house, "inference-express");
  // Eight minutes, in which a machine starts: the job is still there for it, and nobody asks in vain for a key again.
  for (let minute = 0; minute < 8; minute += 1) {
    house.passTime(60_000);
    await reconcile(house);
  }
  expect(house.sent.filter(({ queue }) => queue === "escalations")).toEqual([]);
  expect(await getJob(house.table, { tenantId, jobId })).toMatchObject({ status: "queued", tier: "ollama" });
  house.passTime(180_000);
  await reconcile(house);
  expect((await getTask(house.table, { tenantId, taskId: task.id }))?.status).toBe("failed");
});

it("what jobs took is learnt from: on slow hosts the next one is for a longer lane, and how wrong it was is shown", async () => {
  const worker = await house.machine(providerTenantId, "worker", "gpu-1");
  await ask();
  const message = takeOne<LaneMessage>(house, "inference-express");
  const { attempt } = await claimJob(house, worker, { jobId: message.jobId }, { ...message, claimId });
  house.passTime(20_000);
  const figures = { output: "prose", model: "m", promptTokens: 900, completionTokens: 80, durationMs: 20_000 };
  const tenantId = person.tenantId;
  await completeJob(house, worker, { jobId: message.jobId }, { tenantId, attempt, ...figures });
  const [express] = (await queueStatus(house, person)).lanes;
  expect(express?.predictionError).toMatchObject({ jobs: 1 });
  // Twenty seconds instead of some two.
  expect(express?.predictionError?.p50).toBeGreaterThan(1.5);

  const job = (await getJob(house.table, message)) ?? expect.fail();
  for (let index = 0; index < 4; index += 1) {
    const leased: JobState = { ...job, tier: "ollama", status: "leased", failures: [], ...figures };
    await noteJob(house, leased, { ...leased, status: "succeeded" });
  }
  // Another instance, which remembers nothing.
  await submitTask({ ...house, table: { ...house.table } }, person, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
  expect(house.sent.map(({ queue }) => queue)).toContain("inference-standard");
});

it("a settled attempt answers whoever held it, and nobody else", async () => {
  const worker = await house.machine(providerTenantId, "worker", "gpu-1");
  const other = await house.machine(providerTenantId, "worker", "gpu-2");
  await ask();
  const message = takeOne<LaneMessage>(house, "inference-express");
  const { attempt } = await claimJob(house, worker, { jobId: message.jobId }, { ...message, claimId });
  const answer = {
    tenantId: person.tenantId,
    attempt,
    output: "prose",
    model: "m",
    promptTokens: 1,
    completionTokens: 1,
    durationMs: 1,
  };
  const complete = (node: typeof worker) => completeJob(house, node, { jobId: message.jobId }, answer);
  const first = await complete(worker);
  expect(await complete(worker)).toEqual(first);
  await expect(complete(other)).rejects.toSatisfy((error) => hasCode(error, "stale_attempt"));
});

it("a question is left to workers that answer questions: for no refusal that is final would its message be deleted", async () => {
  const worker = await house.machine(providerTenantId, "worker", "gpu-1");
  await ask();
  const message = takeOne<LaneMessage>(house, "inference-express");
  const job = (await getJob(house.table, message)) ?? expect.fail();
  await commit(house.table, [replaceJob(job, { ...job, version: job.version + 1, kind: "answer" })]);
  const claim = (answers?: boolean) =>
    claimJob(house, worker, message, { ...message, claimId, ...(answers === undefined ? {} : { answers }) });
  const refused = await claim().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "conflict", retryable: true });
  expect(await getJob(house.table, message)).toMatchObject({ status: "queued", attempt: job.attempt });
});

it("what a worker says of its machine is for the provider's staff: whoever asked reads what fell short, and no address", async () => {
  const worker = await house.machine(providerTenantId, "worker", "gpu-1");
  const task = await ask();
  const said = "fetch failed: connect ECONNREFUSED 10.0.3.7:11434";
  let message = takeOne<LaneMessage>(house, "inference-express");
  for (const again of [true, false]) {
    const { attempt } = await claimJob(house, worker, message, { ...message, claimId });
    await releaseJob(house, worker, message, { ...message, attempt, reason: "model_unavailable", message: said });
    if (again) message = takeOne<LaneMessage>(house, "inference-express");
  }
  await escalateJob({ ...house, claude: withoutKey }, takeOne<LaneMessage>(house, "escalations"));
  const shown = await viewTask(house, person, { taskId: task.id });
  expect(shown.status).toBe("failed");
  expect(shown.result?.message).toContain("the model was not available");
  const exported = await exportTenant(house, person.principal, person, { limit: 100 });
  expect(exported.items.some(({ kind }) => kind === "job")).toBe(true);
  expect(JSON.stringify([shown, exported])).not.toContain("10.0.3.7");
  expect((await getJob(house.table, message))?.failures).toMatchObject([
    { staffDetail: said },
    { staffDetail: said },
    {},
  ]);
});

describe("a worker that is shut out", () => {
  const staff = (): Caller => ({ ...person, tenantId: providerTenantId });
  const shutOut = {
    revoked: async (nodeId: string) => revokeNode(house, staff(), { nodeId }, { reason: "stolen" }),
    removed: async (nodeId: string) => removeNode(house, staff(), { nodeId }),
  };

  it.each(["revoked", "removed"] as const)("gives back what it holds, of every tenant, once it is %s", async (how) => {
    const stolen = await house.machine(providerTenantId, "worker", "gpu-1");
    const other = await house.machine(providerTenantId, "worker", "gpu-2");
    const neighbour = await house.tenant();
    await house.machine(neighbour.tenantId, "appliance");

    const held = async (by: typeof stolen, owner: Caller) => {
      await ask(owner);
      const message = takeOne<LaneMessage>(house, "inference-express");
      await claimJob(house, by, { jobId: message.jobId }, { ...message, claimId });
      return message;
    };
    const ours = [await held(stolen, person), await held(stolen, neighbour)];
    const others = await held(other, person);
    // Claimed last, its lease ends last: nothing of the worker's may be due later than what is looked at.
    house.passTime(1);

    await shutOut[how](stolen.nodeId);
    await reconcile(house);

    const sent = house.sent.map(({ body }) => body as LaneMessage);
    expect(sent.map(({ tenantId, jobId }) => ({ tenantId, jobId })).toSorted(byJob)).toEqual(
      ours.map(({ tenantId, jobId }) => ({ tenantId, jobId })).toSorted(byJob),
    );
    for (const message of ours) {
      const job = await getJob(house.table, message);
      expect(job).toMatchObject({ status: "queued", failures: [], attempt: 1 });
      expect(job?.lease).toBeUndefined();
      // The message that the worker may still have, and the lease that it had, are worth nothing.
      await expect(
        claimJob(house, other, { jobId: message.jobId }, { ...message, claimId: otherClaimId }),
      ).rejects.toMatchObject({ code: "stale_attempt" });
      const answer = { tenantId: message.tenantId, attempt: 1, output: "prose", model: "m" };
      const numbers = { promptTokens: 1, completionTokens: 1, durationMs: 1 };
      await expect(
        completeJob(house, stolen, { jobId: message.jobId }, { ...answer, ...numbers }),
      ).rejects.toMatchObject({ code: "stale_attempt" });
    }
    expect(await getJob(house.table, others)).toMatchObject({ status: "leased", lease: { owner: other.nodeId } });

    // Another worker goes on at once with the new message; the one that is out gets nothing.
    const [again = expect.fail()] = sent;
    await expect(
      claimJob(house, stolen, { jobId: again.jobId }, { ...again, claimId: otherClaimId }),
    ).rejects.toMatchObject({ code: "conflict", details: { shutOut: true } });
    expect(await claimJob(house, other, { jobId: again.jobId }, { ...again, claimId: otherClaimId })).toMatchObject({
      attempt: 2,
    });

    // Done once: nothing more is sent for it.
    house.sent.length = 0;
    await reconcile(house);
    expect(house.sent).toEqual([]);
    expect((await getNode(house.table, stolen))?.dueAtMs).toBeUndefined();
  });

  it("is due until its jobs were told of: a queue that is down delays them, and loses none", async () => {
    const stolen = await house.machine(providerTenantId, "worker", "gpu-1");
    await ask();
    const message = takeOne<LaneMessage>(house, "inference-express");
    await claimJob(house, stolen, { jobId: message.jobId }, { ...message, claimId });
    await shutOut.revoked(stolen.nodeId);
    house.queuesAreDown = true;
    await reconcile(house);
    expect(await getJob(house.table, message)).toMatchObject({ status: "queued" });
    house.queuesAreDown = false;
    house.passTime(10_000);
    await reconcile(house);
    expect(takeOne<LaneMessage>(house, "inference-express")).toMatchObject({ jobId: message.jobId });
  });
});

const byJob = (a: { jobId: string }, b: { jobId: string }) => (a.jobId < b.jobId ? -1 : 1);
