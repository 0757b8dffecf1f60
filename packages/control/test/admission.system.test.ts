import { getAdmission } from "@steward/aws/records/admission";
import { createJob, getJob, replaceJob } from "@steward/aws/records/job";
import { createPresence, getPresence, removePresence } from "@steward/aws/records/presence";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { getTask, listTasks } from "@steward/aws/records/task";
import { heldBy } from "@steward/aws/records/usage";
import { commit } from "@steward/aws/table";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { admitJobs } from "@steward/control/admit-jobs";
import { claimJob } from "@steward/control/claim-job";
import { completeJob, releaseJob } from "@steward/control/complete-job";
import type { Caller, NodeCaller } from "@steward/control/context";
import { type ClaudeAccess, escalateJob } from "@steward/control/escalate-job";
import { liveWorkers } from "@steward/control/live-workers";
import { bestWorker } from "@steward/control/recommend-workers";
import { reconcile } from "@steward/control/reconcile";
import { newClaimSecret } from "@steward/control/send-job";
import { submitTask } from "@steward/control/submit-task";
import { cancelTask } from "@steward/control/reject-task";
import { newJob } from "@steward/core/job/new-job";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";

/** One worker with one slot: of each tenant two jobs at a time are in a lane. */
const window = 2;
let house: House;
let ada: Caller;
let worker: NodeCaller;
beforeEach(async () => {
  house = await openHouse();
  ada = await house.tenant();
  await house.machine(ada.tenantId, "appliance");
  worker = await house.machine(providerTenantId, "worker", "gpu-1");
});
afterEach(async () => {
  await house.stop();
});

/** Words that no pattern fits: a model has to read them. */
const ask = (by = ada) =>
  submitTask(house, by, {
    instruction: "please look after the new colleague",
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
const askInTurn = async (count: number) => {
  const jobs: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const { id: taskId } = await ask();
    jobs.push((await getTask(house.table, { tenantId: ada.tenantId, taskId }))?.jobId ?? "none");
    house.passTime(1);
  }
  return jobs;
};
/** What has been sent to the lane since the last look. */
const sentToLane = () =>
  house.sent.splice(0).flatMap(({ queue, body }) => (queue === "inference-express" ? [body as LaneMessage] : []));
let claims = 0;
async function work(message: LaneMessage): Promise<void> {
  claims += 1;
  const claimId = `00000000-0000-4000-8000-${String(claims).padStart(12, "0")}`;
  const params = { jobId: message.jobId };
  const { attempt } = await claimJob(house, worker, params, { ...message, claimId });
  const output = JSON.stringify({ understood: "nothing of ours", outOfScope: true, steps: [] });
  const figures = { model: "m", promptTokens: 1, completionTokens: 1, durationMs: 1 };
  await completeJob(house, worker, params, { tenantId: message.tenantId, attempt, output, ...figures });
}
/** Claude was asked already, and had no key: from then on it waits for workers alone. */
async function hadItsTurn(jobId: string) {
  const job = (await getJob(house.table, { tenantId: ada.tenantId, jobId })) ?? expect.fail();
  const failures = [{ attempt: 0, tier: "claude" as const, reason: "no Claude key is set" }];
  await commit(house.table, [replaceJob(job, { ...job, version: job.version + 1, failures })]);
  return job;
}
/** Jobs of Ada's that somebody has stored, and then died: nothing was sent, and no place was asked for. */
async function stored(count: number, tier: "ollama" | "claude", taskId = newId("task", house.nowMs())) {
  const messages: LaneMessage[] = [];
  for (let index = 0; index < count; index += 1) {
    const { secret, secretHash } = newClaimSecret(house);
    const jobId = newId("job", house.nowMs());
    const job = { tenantId: ada.tenantId, jobId, taskId, lane: "express", tier, secretHash } as const;
    await commit(house.table, [
      createJob(newJob({ ...job, ...(tier === "ollama" ? { heldBack: true } : {}) }, house.nowMs())),
    ]);
    messages.push({ v: 1, tenantId: ada.tenantId, jobId, secret });
  }
  return messages;
}
/** Anthropic has failed several times in a row. */
const claudeIsDown: ClaudeAccess = {
  key: async () => "key",
  previousKey: async () => undefined,
  breaker: { isUp: () => false, closedForMs: () => 15_000, ask: () => Promise.reject(new Error("nobody may ask")) },
  ask: () => Promise.reject(new Error("nobody may ask")),
  model: "claude-sonnet-5-5",
};
const placesOf = async (lane = "express" as const) =>
  (await getAdmission(house.table, { tenantId: ada.tenantId, lane }))?.places.map(({ jobId }) => jobId) ?? [];

it("lets two of a tenant's jobs into a lane; each that ends lets in the one that has waited longest", async () => {
  const jobs = await askInTurn(5);
  const order: string[] = [];
  for (let waiting = sentToLane(); waiting.length > 0; waiting.push(...sentToLane())) {
    expect((await placesOf()).length).toBeLessThanOrEqual(window);
    const [next = expect.fail()] = waiting.splice(0, 1);
    order.push(next.jobId);
    await work(next);
  }
  expect(order).toEqual(jobs);
  // That nobody waits any more is known once somebody has looked for it.
  house.passTime(60_000);
  await reconcile(house);
  expect(await getAdmission(house.table, { tenantId: ada.tenantId, lane: "express" })).toMatchObject({
    places: [],
    holding: false,
  });
});

it("of many that are asked for at once no more than two get in, and all of them in the end", async () => {
  await Promise.all(Array.from({ length: 8 }, () => ask()));
  const done: string[] = [];
  for (let inLane = sentToLane(); inLane.length > 0; inLane = sentToLane()) {
    expect(inLane.length).toBeLessThanOrEqual(window);
    expect(await placesOf()).toHaveLength(inLane.length);
    // Both at once: each lets in another one.
    await Promise.all(inLane.map(work));
    done.push(...inLane.map(({ jobId }) => jobId));
  }
  expect(new Set(done).size).toBe(8);
});

it("does not let one tenant's jobs wait for another's", async () => {
  await askInTurn(4);
  const bo = await house.tenant();
  await house.machine(bo.tenantId, "appliance");
  sentToLane();
  await ask(bo);
  expect(sentToLane()).toMatchObject([{ tenantId: bo.tenantId }]);
});

it("a job that is given back keeps its place; one that is cancelled leaves it", async () => {
  const [first = "", second = "", third = ""] = await askInTurn(4);
  const [message = expect.fail()] = sentToLane();
  const claimId = "00000000-0000-4000-9000-000000000001";
  const { attempt } = await claimJob(house, worker, message, { ...message, claimId });
  await releaseJob(house, worker, message, { tenantId: ada.tenantId, attempt, reason: "draining" });
  expect(sentToLane()).toMatchObject([{ jobId: first }]);

  const { items } = await listTasks(house.table, ada.tenantId, { limit: 9 });
  const taskOf = (jobId: string) => items.find((task) => task.jobId === jobId)?.taskId ?? "none";
  await cancelTask(house, ada, { taskId: taskOf(second) }, {});
  expect(sentToLane()).toMatchObject([{ jobId: third }]);
  expect(await placesOf()).toEqual([first, third]);
});

it("is made whole by the reconciler: a message that was not sent, a place that nobody gave back", async () => {
  const jobs = await askInTurn(4);
  for (const jobId of jobs.slice(2)) await hadItsTurn(jobId);
  const [first = expect.fail(), second = expect.fail()] = sentToLane();
  // The one that lets in the next cannot send it.
  house.queuesAreDown = true;
  await work(first);
  house.queuesAreDown = false;
  expect(await placesOf()).toEqual([second.jobId, jobs[2]]);
  expect(await getJob(house.table, { ...first, jobId: jobs[2] ?? "" })).toMatchObject({ status: "queued" });
  // The other one dies as soon as its job has ended.
  const ended = (await getJob(house.table, second)) ?? expect.fail();
  const { dueAtMs: _over, ...rest } = ended;
  await commit(house.table, [replaceJob(ended, { ...rest, status: "succeeded", version: ended.version + 1 })]);

  house.passTime(10_000);
  await reconcile(house);
  expect(sentToLane()).toMatchObject([{ jobId: jobs[2] }]);
  house.passTime(51_000);
  await reconcile(house);
  expect(sentToLane()).toContainEqual(expect.objectContaining({ jobId: jobs[3] }));
  expect(await placesOf()).not.toContain(second.jobId);
});

it("one that was held back by somebody who died gets its place at the first look, and costs no money", async () => {
  const [message = expect.fail()] = await stored(1, "ollama");
  expect(sentToLane()).toEqual([]);
  house.passTime(10_001);
  await reconcile(house);
  expect(house.sent.map(({ queue }) => queue)).toEqual(["inference-express"]);
  expect(await placesOf()).toEqual([message.jobId]);
});

it("many of one tenant's that are due do not keep the reconciler from another's", async () => {
  await stored(50, "claude");
  const bo = await house.tenant();
  await house.machine(bo.tenantId, "appliance");
  house.passTime(1);
  house.queuesAreDown = true;
  await ask(bo);
  house.queuesAreDown = false;
  house.passTime(10_000);
  await reconcile(house);
  // Its own is due last of all, and sent among the first ten, which are looked at side by side.
  expect(house.sent).toHaveLength(51);
  expect(house.sent.findIndex(({ body }) => (body as LaneMessage).tenantId === bo.tenantId)).toBeLessThan(20);
});

it("a look lets in as many as there is room for, however many those are", async () => {
  const presence = (await getPresence(house.table, worker.nodeId)) ?? expect.fail();
  await removePresence(house.table, worker.nodeId);
  await commit(house.table, [createPresence({ ...presence, capacity: { slots: 200, used: 0 } })]);
  await stored(200, "ollama");
  await admitJobs(house, { tenantId: ada.tenantId, lane: "express", look: true });
  expect(sentToLane()).toHaveLength(100);
  expect(new Set(await placesOf()).size).toBe(100);
});

it("what comes back to the workers because Claude is down asks for its place like everybody", async () => {
  const inLane = await askInTurn(2);
  sentToLane();
  const waiting = await stored(50, "claude");
  for (const message of waiting) await escalateJob({ ...house, claude: claudeIsDown }, message);
  expect(house.sent).toEqual([]);
  expect(await placesOf()).toEqual(inLane);
  // They wait their turn, and are not forgotten.
  const [next = expect.fail()] = waiting;
  expect(await getJob(house.table, next)).toMatchObject({ status: "queued", tier: "ollama" });
  expect(await getAdmission(house.table, { tenantId: ada.tenantId, lane: "express" })).toMatchObject({ holding: true });
});

it.each(["comes back from Claude", "is given back by its worker"])(
  "a job that %s past its deadline ends its task, and gives back its place and its quota",
  async (how) => {
    const [jobId = ""] = await askInTurn(1);
    const [message = expect.fail()] = sentToLane();
    const before = (await getJob(house.table, message)) ?? expect.fail();
    if (how === "comes back from Claude") {
      await commit(house.table, [replaceJob(before, { ...before, version: before.version + 1, tier: "claude" })]);
      house.passTime(60_000);
      await escalateJob({ ...house, claude: claudeIsDown }, message);
    } else {
      const claimId = "00000000-0000-4000-9000-000000000001";
      const { attempt } = await claimJob(house, worker, message, { ...message, claimId });
      house.passTime(60_000);
      await releaseJob(house, worker, message, { tenantId: ada.tenantId, attempt, reason: "draining" });
      expect(await placesOf()).toEqual([]);
    }
    expect(await getJob(house.table, { tenantId: ada.tenantId, jobId })).toMatchObject({ status: "failed" });
    const task = await getTask(house.table, { tenantId: ada.tenantId, taskId: before.taskId });
    expect(task?.status).toBe("failed");
    expect(await heldBy(house.table, ada.tenantId, "jobs")).toBe(0);
  },
);

it("a flood goes on to Claude at the lane's promise, at its own tenant's expense, and leaves its places", async () => {
  const jobs = await askInTurn(4);
  house.sent.length = 0;
  house.passTime(10_001);
  await reconcile(house);
  const escalated = house.sent.filter(({ queue }) => queue === "escalations");
  expect(escalated.map(({ body }) => (body as LaneMessage).jobId).toSorted()).toEqual(jobs.toSorted());
  expect(await placesOf()).toEqual([]);
});

it("a flood ends: what was not let in within an hour fails, and says that it had to wait for its own", async () => {
  const jobs = await askInTurn(4);
  const last = jobs[3] ?? "";
  // Nobody works, and nobody has a key for Claude.
  const job = await hadItsTurn(last);
  house.passTime(3_600_000);
  await reconcile(house);
  const ended = await getTask(house.table, { tenantId: ada.tenantId, taskId: job.taskId });
  expect(ended).toMatchObject({
    status: "failed",
    result: { message: expect.stringContaining("Other requests of yours were ahead of it") },
  });
});

it("what a worker says that is in quarantine, or that nobody has confirmed, is no capacity", async () => {
  const change = async (nodeId: string, quarantinedAtMs: number | undefined, confirmedAtMs: number | undefined) => {
    const node = (await getNode(house.table, { tenantId: providerTenantId, nodeId })) ?? expect.fail();
    const { quarantinedAtMs: _q, confirmedAtMs: _c, ...rest } = node;
    await commit(house.table, [
      replaceNode(node, {
        ...rest,
        version: node.version + 1,
        ...(quarantinedAtMs === undefined ? {} : { quarantinedAtMs }),
        ...(confirmedAtMs === undefined ? {} : { confirmedAtMs }),
      }),
    ]);
  };
  const ofGroup = await house.machine(providerTenantId, "worker", "gpu-2", ["instance:i-0123456789abcdef0"]);
  const readyOnes = async () => (await liveWorkers(house)).filter(({ ready }) => ready).map(({ id }) => id);
  expect(await readyOnes()).toHaveLength(2);
  await change(worker.nodeId, undefined, undefined);
  await change(ofGroup.nodeId, undefined, undefined);
  // What the provider's own group has started waits for no person.
  expect(await readyOnes()).toEqual([ofGroup.nodeId]);
  await change(ofGroup.nodeId, house.nowMs(), house.nowMs());
  expect(await readyOnes()).toEqual([]);
  await expect(bestWorker(house, ada, [])).rejects.toMatchObject({ code: "unprocessable" });
});
