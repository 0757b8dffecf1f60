import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { createClients } from "@steward/aws/clients";
import { createSts } from "@steward/aws/clients/sts";
import { createQueueLender, type LentKeys } from "@steward/aws/queue-lender";
import { createNode, getNode, replaceNode } from "@steward/aws/records/node";
import { commit, type Table } from "@steward/aws/table";
import { createWorkerQueues, type WorkerQueues } from "@steward/aws/worker-queues";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { resourceNames, workerQueue } from "@steward/contracts/names";
import { permissions, type PrincipalName } from "@steward/contracts/permissions";
import { keepWorkerQueues } from "@steward/control/keep-worker-queues";
import { lendQueues } from "@steward/control/lend-queues";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/* The queues of single workers, by the real clients, with the rights that the parts of Steward have and no others. */

const stage = "queues";
const names = resourceNames(stage);
const stateDir = mkdtempSync(join(tmpdir(), "steward-worker-queues-"));
const grants = permissions(stage, localAccount);
const keysOf = (principal: PrincipalName) => ({
  accessKeyId: `LOCAL${principal.toUpperCase()}KEY`,
  secretAccessKey: `worker-queues-secret-of-${principal}`,
  principal,
  grants: grants[principal],
});
const [reconciler, enroller, role] = [keysOf("reconcile"), keysOf("enrol"), keysOf("worker")];
const tester = {
  ...keysOf("reconcile"),
  accessKeyId: "LOCALTESTERKEY",
  grants: [{ actions: ["*"], resources: ["*"] }],
};
let cloud: Cloud;
/** What the cloud's clock is ahead. */
let aheadMs = 0;
let table: Table;
let sqs: SQSClient;
let kept: { table: Table; log: () => void; workerQueues: WorkerQueues };
/** Writes what the parts under test only read. */
let all: Table;

beforeAll(async () => {
  const credentials = [reconciler, enroller, role, tester];
  cloud = await startCloud({ stateDir, stage, credentials, now: () => Date.now() + aheadMs });
  const clients = createClients({ region: "us-east-1", credentials: reconciler, endpointUrl: cloud.endpoint });
  table = { client: clients.dynamo, name: names.table };
  kept = { table, log: () => {}, workerQueues: createWorkerQueues({ sqs: clients.sqs, stage }) };
  const everything = createClients({ region: "us-east-1", credentials: tester, endpointUrl: cloud.endpoint });
  sqs = everything.sqs;
  all = { client: everything.dynamo, name: names.table };
});
afterAll(async () => {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function enrolWorker(over: { confirmedAtMs?: number; quarantinedAtMs?: number } = {}): Promise<string> {
  const nodeId = newId("worker", Date.now());
  const node = {
    v: 1 as const,
    version: 1,
    tenantId: providerTenantId,
    nodeId,
    kind: "worker" as const,
    name: nodeId,
    hostname: nodeId,
    tags: [],
    doorbell: "pull" as const,
    health: "healthy" as const,
    healthSinceMs: 1,
    healthEpoch: 0,
    keyFingerprint: "0".repeat(64),
    createdAtMs: 1,
    updatedAtMs: 1,
    ...over,
  };
  await commit(all, [createNode(node)]);
  return nodeId;
}
const attributesOf = async (workerId: string) => {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.queue(workerQueue(workerId)) }));
  return (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes ?? {};
};

it("every worker has a queue of its own, with a lane's settings, and loses it when it is shut out or removed", async () => {
  const [stays, revoked, removed] = [await enrolWorker(), await enrolWorker(), await enrolWorker()];
  expect(await keepWorkerQueues(kept)).toEqual({ made: 3, removed: 0 });
  expect(await attributesOf(stays)).toMatchObject({
    VisibilityTimeout: "30",
    RedrivePolicy: expect.stringContaining(names.deadLetterQueue("inference-standard")),
    Policy: expect.stringContaining("aws:SecureTransport"),
  });
  expect(await keepWorkerQueues(kept)).toEqual({ made: 0, removed: 0 });

  for (const [nodeId, change] of [
    [revoked, { revokedAtMs: 1 }],
    [removed, { removedAtMs: 1 }],
  ] as const) {
    const node = await getNode(all, { tenantId: providerTenantId, nodeId });
    if (node === undefined) throw new Error("the worker is not there");
    await commit(all, [replaceNode(node, { ...node, ...change, version: node.version + 1 })]);
  }
  expect(await keepWorkerQueues(kept)).toEqual({ made: 0, removed: 2 });
  expect(await kept.workerQueues.list()).toEqual([stays]);
});

it("a queue that somebody removed is made again; making and removing twice changes nothing", async () => {
  const workerId = await enrolWorker();
  await keepWorkerQueues(kept);
  await kept.workerQueues.create(workerId);
  await kept.workerQueues.remove(workerId);
  await kept.workerQueues.remove(workerId);
  expect(await keepWorkerQueues(kept)).toEqual({ made: 1, removed: 0 });
  expect(await kept.workerQueues.list()).toContain(workerId);
});

describe("keys that a worker is lent", () => {
  const endpointUrl = () => cloud.endpoint;
  const lend = (nodeId: string) => {
    const options = { region: "us-east-1", credentials: enroller, endpointUrl: endpointUrl() };
    const clients = createClients(options);
    const lender = createQueueLender({ sts: createSts(options), stage });
    const roleArn = `arn:aws:iam::${localAccount}:role/${names.queueRole}`;
    const deps = {
      stage,
      table: { client: clients.dynamo, name: names.table },
      nowMs: Date.now,
      log: () => {},
      workerQueues: createWorkerQueues({ sqs: clients.sqs, stage }),
      lendQueues: (workerId: string) => lender.lend({ workerId, roleArn }),
    };
    const caller = { nodeId, tenantId: providerTenantId, kind: "worker" as const, fingerprint: "", requestId: "req" };
    return lendQueues(deps, caller);
  };
  const clientWith = ({ region, ...credentials }: LentKeys) =>
    new SQSClient({ region, credentials, endpoint: endpointUrl(), maxAttempts: 1 });
  const urlOf = (name: string) => `${endpointUrl()}/${localAccount}/${name}`;
  const denied = { name: "AccessDeniedException" };

  it("take from the lanes and its own queue, which is there by then, and do nothing else", async () => {
    const [workerId, otherId] = [await enrolWorker({ confirmedAtMs: 1 }), await enrolWorker({ confirmedAtMs: 1 })];
    const keys = await lend(workerId);
    expect(keys).toMatchObject({ expiresInSeconds: 3600, region: "us-east-1", stage });
    await lend(otherId);
    const worker = clientWith(keys);
    for (const name of ["inference-express", "inference-standard", "inference-bulk", workerQueue(workerId)] as const) {
      const QueueUrl = urlOf(names.queue(name));
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: name }));
      const { Messages = [] } = await worker.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      expect(Messages.map((message) => message.Body)).toEqual([name]);
      await worker.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }));
    }
    const receive = (name: string) => worker.send(new ReceiveMessageCommand({ QueueUrl: urlOf(name) }));
    await expect(receive(names.queue(workerQueue(otherId)))).rejects.toMatchObject(denied);
    await expect(receive(names.queue("rollouts"))).rejects.toMatchObject(denied);
    const send = { QueueUrl: urlOf(names.queue("inference-express")), MessageBody: "mine" };
    await expect(worker.send(new SendMessageCommand(send))).rejects.toMatchObject(denied);
    const lanesKeys = createClients({ region: "us-east-1", credentials: keys, endpointUrl: endpointUrl() });
    const look = getNode(
      { client: lanesKeys.dynamo, name: names.table },
      { tenantId: providerTenantId, nodeId: otherId },
    );
    await expect(look).rejects.toThrow();
  });

  it("end after an hour, and are worth nothing with a changed token", async () => {
    const keys = await lend(await enrolWorker({ confirmedAtMs: 1 }));
    const receive = (with_: LentKeys) =>
      clientWith(with_).send(new ReceiveMessageCommand({ QueueUrl: urlOf(names.queue("inference-express")) }));
    await receive(keys);
    const [payload = "", mark = ""] = keys.sessionToken.split(".");
    const wider = JSON.parse(Buffer.from(payload, "base64url").toString());
    delete wider.policy;
    const forged = `${Buffer.from(JSON.stringify(wider)).toString("base64url")}.${mark}`;
    await expect(receive({ ...keys, sessionToken: forged })).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });
    aheadMs = 3_601_000;
    try {
      await expect(receive(keys)).rejects.toMatchObject({ name: "ExpiredTokenException" });
    } finally {
      aheadMs = 0;
    }
  });

  it("are lent a few times a minute: one that asks without end is told to wait, and others are not", async () => {
    const [restless, other] = [await enrolWorker({ confirmedAtMs: 1 }), await enrolWorker({ confirmedAtMs: 1 })];
    const codes: string[] = [];
    for (let call = 1; call <= 20; call += 1) {
      codes.push(
        await lend(restless).then(
          () => "lent",
          ({ code }: { code: string }) => code,
        ),
      );
    }
    expect(codes.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => "lent"));
    expect(codes.at(-1)).toBe("too_many_requests");
    await expect(lend(restless)).rejects.toMatchObject({ retryable: true, retryAfterSeconds: expect.any(Number) });
    await lend(other);
  });

  it("are not lent to one that nobody has confirmed, that is in quarantine, or that was shut out", async () => {
    await expect(lend(await enrolWorker())).rejects.toMatchObject({ code: "unavailable", retryable: true });
    const doubted = await enrolWorker({ confirmedAtMs: 1, quarantinedAtMs: 2 });
    await expect(lend(doubted)).rejects.toMatchObject({ code: "forbidden" });
    const revoked = await enrolWorker({ confirmedAtMs: 1 });
    const node = await getNode(all, { tenantId: providerTenantId, nodeId: revoked });
    if (node === undefined) throw new Error("the worker is not there");
    await commit(all, [replaceNode(node, { ...node, revokedAtMs: 1, version: node.version + 1 })]);
    await expect(lend(revoked)).rejects.toMatchObject({ code: "forbidden" });
  });
});
