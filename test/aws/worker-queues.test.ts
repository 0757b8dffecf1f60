import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { createClients } from "@steward/aws/clients";
import { createNode, getNode, replaceNode } from "@steward/aws/records/node";
import { commit, type Table } from "@steward/aws/table";
import { createWorkerQueues, type WorkerQueues } from "@steward/aws/worker-queues";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { resourceNames, workerQueue } from "@steward/contracts/names";
import { permissions, type PrincipalName } from "@steward/contracts/permissions";
import { keepWorkerQueues } from "@steward/control/keep-worker-queues";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, expect, it } from "vitest";

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
const reconciler = keysOf("reconcile");
const tester = {
  ...keysOf("reconcile"),
  accessKeyId: "LOCALTESTERKEY",
  grants: [{ actions: ["*"], resources: ["*"] }],
};
let cloud: Cloud;
let table: Table;
let sqs: SQSClient;
let kept: { table: Table; log: () => void; workerQueues: WorkerQueues };
/** Writes what the parts under test only read. */
let all: Table;

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [reconciler, tester] });
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

async function enrolWorker(): Promise<string> {
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
