import { getJob } from "@steward/aws/records/job";
import { getTask } from "@steward/aws/records/task";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { workerQueue } from "@steward/contracts/names";
import { nodeViewSchema } from "@steward/contracts/node";
import { laneHistorySchema } from "@steward/contracts/queues";
import { acceptHeartbeat } from "@steward/control/accept-heartbeat";
import { assignOptimal } from "@steward/control/assign-optimal";
import { claimJob } from "@steward/control/claim-job";
import { completeJob } from "@steward/control/complete-job";
import type { Caller, NodeCaller } from "@steward/control/context";
import { getNode, removeNode } from "@steward/control/node-views";
import { laneHistory } from "@steward/control/lane-history";
import { queueStatus } from "@steward/control/queue-status";
import { viewRecommended } from "@steward/control/recommend-workers";
import { reconcile } from "@steward/control/reconcile";
import { submitTask } from "@steward/control/submit-task";
import { workDistribution } from "@steward/control/work-distribution";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse, takeOne } from "./support/house.ts";

/* Who works, who waits, who would do it best and who did it: from the records alone. */

let house: House;
let person: Caller;
const staffOf = (caller: Caller): Caller => ({
  ...caller,
  tenantId: providerTenantId,
  principal: { ...caller.principal, grants: [{ tenant: "*", role: "admin" }] },
});
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
  await house.machine(person.tenantId, "appliance");
});
afterEach(async () => {
  await house.stop();
});

/** Words that no pattern fits: a model has to read them. */
const words = "please look after the new colleague";
const ask = (by = person) =>
  submitTask(house, by, { instruction: words, targets: ["attic"], mode: "apply", verbosity: 0 });

/** The worker takes the job and answers with prose after so long: graded as nothing, it goes on to Claude. */
async function workOn(worker: NodeCaller, message: LaneMessage, seconds: number): Promise<void> {
  const claimId = "00000000-0000-4000-8000-000000000001";
  const { attempt } = await claimJob(house, worker, { jobId: message.jobId }, { ...message, claimId });
  house.passTime(seconds * 1000);
  const answer = { tenantId: message.tenantId, attempt, output: "prose", model: "llama3.2:3b" };
  const figures = { promptTokens: 100, completionTokens: 20, durationMs: seconds * 1000 };
  await completeJob(house, worker, { jobId: message.jobId }, { ...answer, ...figures });
}

describe("queue status", () => {
  it("nobody knows how long it takes without a worker", async () => {
    const before = await queueStatus(house, person);
    expect(before.lanes.map(({ expectedWait }) => expectedWait.kind)).toEqual(["unknown", "unknown", "unknown"]);
    expect(before.workers).toEqual([]);
  });

  it("shows the model that a worker fetches; its provider sees its GPUs too", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const pulling = { model: "llama3.1:8b", percent: 41, problem: "disk_full" as const };
    const gpus = [{ name: "NVIDIA A10G", vramMb: 23_028, freeMb: 22_515, usedPercent: 3 }];
    const metrics = { cpuPercent: 1, memoryPercent: 1, diskPercent: 99, loadAverage1m: 0, uptimeSeconds: 1 };
    const about = { intervalSeconds: 60, metrics, agentVersion: "1", configRevision: 0, conditions: [] };
    const heartbeat = {
      ...about,
      sequence: 2,
      capacity: { slots: 2, used: 1 },
      models: ["llama3.2:3b"],
      gpus,
      pulling,
    };
    const input = { nodeId: worker.nodeId, fingerprint: worker.fingerprint, heartbeat };
    await acceptHeartbeat({ ...house, sendNodeEvent: async () => {} }, input);
    expect((await queueStatus(house, person)).workers).toMatchObject([{ models: ["llama3.2:3b"], pulling }]);
    const shown = await getNode(house, staffOf(person), { nodeId: worker.nodeId });
    expect(shown).toMatchObject({ gpus, pulling, capacity: { slots: 2, used: 1 } });
    expect(nodeViewSchema.parse(shown)).toEqual(shown);
    // The model has come, or an older worker beats: nothing is on its way.
    const { pulling: _, ...later } = { ...heartbeat, sequence: 3 };
    await acceptHeartbeat({ ...house, sendNodeEvent: async () => {} }, { ...input, heartbeat: later });
    expect(await getNode(house, staffOf(person), { nodeId: worker.nodeId })).not.toHaveProperty("pulling");
  });

  it("names workers to the staff and jobs to their tenant only, and counts what is held back", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const other = await house.tenant();
    await house.machine(other.tenantId, "appliance");
    await ask(other);
    // A window of two for one slot: the third waits as a record.
    for (let count = 0; count < 3; count++) await ask();
    const status = await queueStatus(house, person);
    expect(status.lanes[0]).toMatchObject({
      lane: "express",
      queued: 4,
      heldBack: 1,
      more: false,
      expectedWait: { kind: "expected", basis: "assumed" },
    });
    expect(status.lanes[0]?.arrivalsPerMinute).toBeCloseTo(4 / 15, 6);
    expect(status.workers).toMatchObject([{ id: "worker-1", name: "worker 1", slots: 1, used: 1, free: 0 }]);
    expect(status.jobs).toHaveLength(3);
    expect(status.jobs.filter(({ heldBack }) => heldBack)).toHaveLength(1);
    expect(JSON.stringify(status)).not.toContain(other.tenantId);
    const seen = await queueStatus(house, staffOf(person));
    expect(seen.workers).toMatchObject([{ id: worker.nodeId, name: "gpu-1" }]);
    expect(seen.jobs).toEqual([]);
  });
});

describe("where work ran", () => {
  it("a job's time, tokens and outcome are counted for its worker, once for all and once for its tenant", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const other = await house.tenant();
    await ask();
    await workOn(worker, takeOne<LaneMessage>(house, "inference-express"), 4);
    const own = await workDistribution(house, person, { days: 1 });
    const item = { lane: "express", tier: "ollama", jobs: 0, failures: 1, tokens: 120, seconds: 4, share: 1 };
    expect(own).toMatchObject({
      scope: "tenant",
      more: false,
      items: [{ ...item, model: "llama3.2:3b", worker: { id: "worker-1", name: "worker 1" } }],
    });
    expect(await workDistribution(house, staffOf(person), { days: 31 })).toMatchObject({
      scope: "installation",
      items: [{ ...item, worker: { id: worker.nodeId, name: "gpu-1" } }],
    });
    expect((await workDistribution(house, other, { days: 31 })).items).toEqual([]);
    await expect(workDistribution(house, other, { days: 1, scope: "installation" })).rejects.toMatchObject({
      code: "forbidden",
    });
    // And for the lane: what the next one has to expect is measured now.
    const { lanes } = await queueStatus(house, person);
    expect(lanes[0]).toMatchObject({ serviceSeconds: 4, waitedSeconds: 0, expectedWait: { basis: "measured" } });
    // Minute by minute: it came and failed in the lane, and went on to Claude's queue.
    const history = laneHistorySchema.parse(await laneHistory(house));
    const of = (queue: string) => history.points.filter((point) => point.queue === queue);
    expect(of("express").reduce((sum, { arrivals, failed }) => sum + arrivals * 100 + failed, 0)).toBe(101);
    expect(of("express").find(({ failed }) => failed === 1)).toMatchObject({ serviceSeconds: 4, tokens: 20, done: 0 });
    expect(JSON.stringify(history)).not.toContain(person.tenantId);
  });
});

describe("who would do it best", () => {
  it("those that fit, with their scores' parts; a customer sees no names", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const query = { count: 3, requirements: ["slots:0", "model:llama3.2:3b"] };
    const { items, unfit } = await viewRecommended(house, person, query);
    expect(items).toMatchObject([{ id: "worker-1", name: "worker 1" }]);
    expect(items[0]?.parts.map(({ name, weight }) => [name, weight])).toEqual([
      ["cpu", 40],
      ["memory", 30],
      ["activeJobs", 20],
      ["health", 10],
    ]);
    expect(unfit).toEqual([]);
    const busy = await viewRecommended(house, staffOf(person), { count: 3 });
    expect(busy).toEqual({
      items: [],
      unfit: [{ id: worker.nodeId, name: "gpu-1", why: "it has 0 of 1 slots free" }],
    });
    await expect(assignOptimal(house, person, asked())).rejects.toMatchObject({ code: "unprocessable" });
  });

  const asked = (...requirements: string[]) => ({
    taskType: "action" as const,
    requirements,
    instruction: words,
    targets: ["attic"],
    mode: "apply" as const,
  });

  it("its job goes to that worker's own queue, and to its lane when the worker is gone", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const { task, assigned } = await assignOptimal(house, person, asked("slots:0"));
    expect(assigned).toBe(true);
    expect(house.sent.map(({ queue }) => queue)).toEqual([workerQueue(worker.nodeId)]);
    const { tenantId } = person;
    const { jobId = "" } = (await getTask(house.table, { tenantId, taskId: task?.id ?? "" })) ?? {};
    expect(await getJob(house.table, { tenantId, jobId })).toMatchObject({ workerId: worker.nodeId });

    await removeNode(house, staffOf(person), { nodeId: worker.nodeId });
    await house.machine(providerTenantId, "worker", "gpu-2");
    house.sent.length = 0;
    house.passTime(11_000);
    await reconcile(house);
    expect(takeOne<LaneMessage>(house, "inference-express")).toMatchObject({ jobId });
    expect((await getJob(house.table, { tenantId, jobId }))?.workerId).toBeUndefined();
  });

  it("a request that was accepted stays accepted when it is repeated, however busy the worker is by then", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const taskId = newId("task", house.nowMs());
    const repeatable = (begunBefore: boolean) => ({ idOf: () => taskId, begunBefore });
    await assignOptimal(house, person, asked("slots:0"), repeatable(false));
    await removeNode(house, staffOf(person), { nodeId: worker.nodeId });
    expect(await assignOptimal(house, person, asked("slots:0"), repeatable(true))).toMatchObject({
      task: { id: taskId },
      assigned: true,
    });
    expect(house.sent).toHaveLength(1);
  });

  it("a request that needs no model goes to no worker, and the answer says so", async () => {
    await house.machine(providerTenantId, "worker", "gpu-1");
    const answer = await assignOptimal(house, person, { ...asked("slots:0"), instruction: "add user john" });
    expect(answer).toMatchObject({ assigned: false, why: expect.stringContaining("no model was needed") });
    expect(answer.task?.status).toBe("awaiting_approval");
  });
});
