import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { createClients } from "@steward/aws/clients";
import { createDeadLetterQueues } from "@steward/aws/dead-letters";
import { createQueues } from "@steward/aws/queues";
import { listAudit } from "@steward/aws/records/audit";
import { createJob, getJob } from "@steward/aws/records/job";
import { createNode } from "@steward/aws/records/node";
import { createTask, getTask, replaceTask } from "@steward/aws/records/task";
import { createTenant } from "@steward/aws/records/tenant";
import { commit, type Table } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { sha256Hex } from "@steward/contracts/canonical";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { type QueueName, resourceNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import { newTraceId } from "@steward/contracts/trace-context";
import type { Caller } from "@steward/control/context";
import { dropDeadLetters, listDeadLetters, redriveDeadLetters } from "@steward/control/dead-letters";
import { newJob } from "@steward/core/job/new-job";
import { newTask } from "@steward/core/task/new-task";
import { reduceTask } from "@steward/core/task/reduce-task";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";

/* Dead letters by the real clients, with the rights of the function that deals with them and no others. */

const stage = "letters";
const names = resourceNames(stage);
const stateDir = mkdtempSync(join(tmpdir(), "steward-dead-letters-"));
const keys = { accessKeyId: "LOCALQUEUESKEY", secretAccessKey: "dead-letters-secret-of-queues", principal: "queues" };
const own = { ...keys, grants: permissions(stage, localAccount).queues };
const tester = { ...keys, accessKeyId: "LOCALTESTERKEY", grants: [{ actions: ["*"], resources: ["*"] }] };
const queue = "inference-express" satisfies QueueName;

let cloud: Cloud;
let everything: { sqs: SQSClient; table: Table };
let deps: Parameters<typeof redriveDeadLetters>[0];
let tenantId: string;
const staff: Caller = {
  principal: { kind: "person", id: newId("person", 1), name: "Sam", grants: [{ tenant: "*", role: "operator" }] },
  sessionId: "session",
  tenantId: providerTenantId,
  role: "operator",
  requestId: "request",
};

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [own, tester] });
  const clients = createClients({ region: "us-east-1", credentials: own, endpointUrl: cloud.endpoint });
  const all = createClients({ region: "us-east-1", credentials: tester, endpointUrl: cloud.endpoint });
  everything = { sqs: all.sqs, table: { client: all.dynamo, name: names.table } };
  let secrets = 0;
  deps = {
    table: { client: clients.dynamo, name: names.table },
    queues: createQueues({ sqs: clients.sqs, stage }),
    deadLetters: createDeadLetterQueues({ sqs: clients.sqs, stage, waitSeconds: 0 }),
    nowMs: () => Date.now(),
    secret: () => `redriven-${++secrets}`,
    log: () => {},
  };
});
afterAll(async () => {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(async () => {
  tenantId = newId("tenant", Date.now());
  const tenant = { v: 1, version: 1, tenantId, name: tenantId, createdAtMs: 1, heartbeatIntervalSeconds: 60 } as const;
  await commit(everything.table, [createTenant({ ...tenant, status: "active" })]);
});

const urlOf = async (name: string) =>
  (await everything.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl ?? "";
async function bury(where: QueueName, body: unknown): Promise<string> {
  const MessageBody = typeof body === "string" ? body : JSON.stringify(body);
  const QueueUrl = await urlOf(names.deadLetterQueue(where));
  const { MessageId = "" } = await everything.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  return MessageId;
}
/** The messages of a queue, which is empty afterwards. */
async function taken(name: string): Promise<string[]> {
  const QueueUrl = await urlOf(name);
  const bodies: string[] = [];
  for (;;) {
    const { Messages = [] } = await everything.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
    );
    if (Messages.length === 0) return bodies;
    for (const { Body = "", ReceiptHandle } of Messages) {
      bodies.push(Body);
      await everything.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}

/** A task that thinks, with a job whose message nobody could work on. */
async function deadJob(): Promise<{ taskId: string; jobId: string; messageId: string; message: LaneMessage }> {
  const nowMs = Date.now();
  const [taskId, jobId] = [newId("task", nowMs), newId("job", nowMs)];
  const secret = `claim-secret-of-${jobId}`;
  const task = newTask(
    {
      tenantId,
      taskId,
      kind: "action",
      requestId: newTraceId(),
      requestedBy: { id: newId("person", nowMs), name: "Ada" },
      targets: [],
      mode: "apply",
      verbosity: 0,
      instruction: "look after the new colleague",
    },
    nowMs,
  );
  const job = newJob(
    { tenantId, taskId, jobId, lane: "express", tier: "ollama", secretHash: sha256Hex(secret), predictedSeconds: 2 },
    nowMs,
  );
  const thinking = reduceTask(task, { type: "think", jobId }, nowMs).state;
  await commit(everything.table, [createTask({ ...thinking, version: 1 }), createJob(job)]);
  const message: LaneMessage = { v: 1, tenantId, jobId, secret };
  return { taskId, jobId, message, messageId: await bury(queue, message) };
}
const taskNow = (taskId: string) => getTask(everything.table, { tenantId, taskId });
const jobNow = (jobId: string) => getJob(everything.table, { tenantId, jobId });

it("letters are shown with what they are about, never with their claim secret, and stay where they are", async () => {
  const { jobId, taskId, messageId, message } = await deadJob();
  for (let look = 0; look < 2; look++) {
    const letters = await listDeadLetters(deps, queue, 50);
    expect(letters).toMatchObject({
      total: 1,
      complete: true,
      items: [
        {
          messageId,
          pointer: { tenantId, kind: "job", id: jobId, taskId },
          reason: expect.stringContaining("nobody could work on it"),
          redrive: { possible: true, as: "new_job" },
        },
      ],
    });
    expect(JSON.stringify(letters)).not.toContain(message.secret);
  }
  expect(await taken(names.deadLetterQueue(queue))).toHaveLength(1);
});

it("more letters than were asked for are said to be there", async () => {
  await Promise.all([deadJob(), deadJob(), deadJob()]);
  const { items, total, complete } = await listDeadLetters(deps, queue, 2);
  expect({ shown: items.length, total, complete }).toEqual({ shown: 2, total: 3, complete: false });
  await taken(names.deadLetterQueue(queue));
});

it("a redriven job is a new job under its task, in the trail; the old one has ended, its letter is gone", async () => {
  const { jobId, taskId, messageId } = await deadJob();
  const moved = await redriveDeadLetters(deps, staff, queue, { messageIds: [messageId] });
  const [done] = moved.done;
  expect(moved).toMatchObject({ done: [{ messageId }], refused: [], missing: [], left: 0 });
  expect(await taskNow(taskId)).toMatchObject({ status: "thinking", jobId: done?.as });
  expect(await jobNow(jobId)).toMatchObject({ status: "cancelled" });
  expect(await jobNow(done?.as ?? "")).toMatchObject({ status: "queued", attempt: 0, lane: "express", taskId });
  const [message, ...others] = await taken(names.queue(queue));
  expect(others).toEqual([]);
  expect(JSON.parse(message ?? "")).toMatchObject({ tenantId, jobId: done?.as });
  const { items } = await listAudit(everything.table, tenantId, { limit: 10 });
  expect(items).toMatchObject([{ entry: { what: "redrive-job", who: staff.principal.id, record: taskId } }]);
});

it("where workers are started because jobs wait, a redriven job has that time, too", async () => {
  const { messageId } = await deadJob();
  const { done } = await redriveDeadLetters({ ...deps, workerStartSeconds: 600 }, staff, queue, {
    messageIds: [messageId],
  });
  const job = await jobNow(done[0]?.as ?? "");
  const seconds = ((job?.deadlineAtMs ?? 0) - (job?.admittedAtMs ?? job?.createdAtMs ?? 0)) / 1000;
  expect(seconds).toBeGreaterThanOrEqual(defaults.jobDeadlineSeconds.express + 600);
  await taken(names.queue(queue));
});

it("redriven twice, also where the first died before its letter was gone, there is one new job", async () => {
  const { taskId, messageId } = await deadJob();
  const dying = { ...deps.deadLetters, remove: () => Promise.reject(new Error("killed here")) };
  await expect(redriveDeadLetters({ ...deps, deadLetters: dying }, staff, queue, { all: true })).rejects.toThrow(
    "killed here",
  );
  const after = await taskNow(taskId);
  expect(await redriveDeadLetters(deps, staff, queue, { all: true })).toMatchObject({
    done: [],
    refused: [{ messageId, why: expect.stringContaining("went on without it") }],
  });
  expect(await taskNow(taskId)).toEqual(after);
  expect(await taken(names.queue(queue))).toHaveLength(1);
  // What is of no more use can be thrown away, once.
  expect(await dropDeadLetters(deps, staff, queue, { all: true })).toMatchObject({ done: [{ messageId }], left: 0 });
  expect(await redriveDeadLetters(deps, staff, queue, { messageIds: [messageId] })).toMatchObject({
    missing: [messageId],
  });
});

it("a job whose task has ended is not brought back: the answer says to ask again", async () => {
  const { taskId, jobId } = await deadJob();
  const task = await taskNow(taskId);
  if (task === undefined) throw new Error("the task is gone");
  await commit(everything.table, [
    replaceTask(task, reduceTask(task, { type: "cancel", by: "per_1" }, Date.now()).state),
  ]);
  expect(await redriveDeadLetters(deps, staff, queue, { all: true })).toMatchObject({
    done: [],
    refused: [{ why: expect.stringMatching(/cancelled.*ask for it again/) }],
    left: 1,
  });
  expect((await jobNow(jobId))?.status).toBe("queued");
  await taken(names.deadLetterQueue(queue));
});

it("what cannot be read is shown and thrown away, never redriven, and keeps nothing from those beside it", async () => {
  const poison = await bury(queue, '\u202e\r{"secret":"s3cr3t-words-here", not json');
  const { messageId } = await deadJob();
  const shown = (await listDeadLetters(deps, queue, 10)).items.find((one) => one.messageId === poison);
  expect(shown).toMatchObject({ text: expect.stringContaining("\u202e\r"), redrive: { possible: false } });
  expect(JSON.stringify(shown)).not.toContain("s3cr3t");
  expect(await redriveDeadLetters(deps, staff, queue, { all: true })).toMatchObject({
    done: [{ messageId }],
    refused: [{ messageId: poison }],
    left: 1,
  });
  // A good one is not thrown away by mistake.
  const good = await deadJob();
  expect(await dropDeadLetters(deps, staff, queue, { all: true })).toMatchObject({
    done: [{ messageId: poison }],
    refused: [{ messageId: good.messageId }],
  });
  const { items } = await listAudit(everything.table, providerTenantId, { limit: 1 });
  expect(items).toMatchObject([{ entry: { what: "drop-dead-letter", record: `${queue}/${poison}` } }]);
  await taken(names.deadLetterQueue(queue));
  await taken(names.queue(queue));
});

it("a pointer goes into its queue again as it was; one at nothing does not", async () => {
  const nodeId = newId("appliance", Date.now());
  const node = { v: 1, version: 1, tenantId, nodeId, kind: "appliance", name: "attic", hostname: "attic" } as const;
  await commit(everything.table, [
    createNode({
      ...node,
      tags: [],
      doorbell: "pull",
      health: "healthy",
      healthSinceMs: 1,
      healthEpoch: 1,
      keyFingerprint: "b".repeat(64),
      createdAtMs: 1,
      updatedAtMs: 1,
    }),
  ]);
  const event = { tenantId, nodeId, level: "critical", epoch: 2 };
  await bury("node-events", event);
  await bury("node-events", { ...event, nodeId: newId("appliance", Date.now()) });
  expect(await redriveDeadLetters(deps, staff, "node-events", { all: true })).toMatchObject({
    done: [{ as: "node-events" }],
    refused: [{ why: "there is no node any more" }],
  });
  expect((await taken(names.queue("node-events"))).map((body) => JSON.parse(body) as unknown)).toEqual([event]);
});

it("the function may read no queue but the dead letters'", async () => {
  const { sqs } = createClients({ region: "us-east-1", credentials: own, endpointUrl: cloud.endpoint });
  const QueueUrl = await urlOf(names.queue(queue));
  await expect(sqs.send(new ReceiveMessageCommand({ QueueUrl }))).rejects.toMatchObject({
    name: expect.stringMatching(/AccessDenied/),
  });
});
