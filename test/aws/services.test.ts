import { createHash, createPublicKey, createVerify, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { ListCommandsCommand } from "@aws-sdk/client-ssm";
import { type Clients, createClients } from "@steward/aws/clients";
import { createSigner } from "@steward/aws/kms-signer";
import { createObjects } from "@steward/aws/objects";
import { getParameter, putParameter } from "@steward/aws/parameters";
import { createQueues } from "@steward/aws/queues";
import { createActivation, ringBySsm } from "@steward/aws/run-command";
import { getSecret, putSecret } from "@steward/aws/secrets";
import { derToRaw, rawToDer, signDocument } from "@steward/aws/signing";
import { canonical } from "@steward/contracts/canonical";
import { newId } from "@steward/contracts/ids";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { signingInput } from "@steward/contracts/signed";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, expect, test } from "vitest";

const stage = "services";
const names = resourceNames(stage);
const buckets = bucketNames(stage, localAccount);
const stateDir = mkdtempSync(join(tmpdir(), "steward-services-"));
const credential = {
  accessKeyId: "LOCALSERVICESTEST",
  secretAccessKey: "services-test-secret-0123456789",
  principal: "services-test",
  grants: [{ actions: ["*"], resources: ["*"] }],
};
let cloud: Cloud;
let clients: Clients;

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [credential] });
  clients = createClients({ region: "us-east-1", credentials: credential, endpointUrl: cloud.endpoint });
});
afterAll(async () => {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});

test("messages arrive as they were sent, and are counted", async () => {
  const queues = createQueues({ sqs: clients.sqs, stage });
  await queues.send("inference-bulk", { n: 0 }, { groupId: "ten_1" });
  const batch = Array.from({ length: 23 }, (_, index) => ({ body: { n: index + 1 }, groupId: "ten_2" }));
  await queues.sendBatch("inference-bulk", batch);
  expect(await queues.counts("inference-bulk")).toEqual({ visible: 24, inFlight: 0, deadLetters: 0 });
  const QueueUrl = `${cloud.endpoint}/000000000000/${names.queue("inference-bulk")}`;
  const received = new Set<number>();
  while (received.size < 24) {
    const { Messages = [] } = await clients.sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
    );
    for (const { Body } of Messages) received.add((JSON.parse(Body ?? "") as { n: number }).n);
  }
  expect([...received].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, index) => index));
  expect(await queues.counts("inference-bulk")).toEqual({ visible: 0, inFlight: 24, deadLetters: 0 });
});

test("a stage without queues is told what to do", async () => {
  const queues = createQueues({ sqs: clients.sqs, stage: "elsewhere" });
  await expect(queues.send("rollouts", {})).rejects.toMatchObject({
    code: "internal",
    next: expect.stringContaining("start the local cloud"),
  });
});

test("a signature by KMS holds, over bytes of any length, and in both its forms", async () => {
  const signer = createSigner({ kms: clients.kms, keyAlias: names.keyAlias("dispatch") });
  const { keyId, publicKey: spki, sign } = await signer.key();
  expect(keyId).toBe(createHash("sha256").update(spki).digest("hex"));
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const bytes = randomBytes(10_000);
  for (let turn = 0; turn < 8; turn++) {
    const der = await sign(bytes);
    const raw = derToRaw(der);
    expect(createVerify("sha256").update(bytes).verify(key, der)).toBe(true);
    expect(createVerify("sha256").update(bytes).verify({ key, dsaEncoding: "ieee-p1363" }, raw)).toBe(true);
    expect(Buffer.from(rawToDer(raw)).equals(der)).toBe(true);
  }
});

test("a signed document says what was signed, by which key, and nothing else passes for it", async () => {
  const signer = createSigner({ kms: clients.kms, keyAlias: names.keyAlias("release") });
  const payload = { b: 1, a: ["ü"] };
  const document = await signDocument(signer, "steward-release-v1", payload);
  const bytes = Buffer.from(document.payload, "base64");
  expect(bytes.toString()).toBe(canonical(payload));
  const key = createPublicKey({ key: Buffer.from((await signer.key()).publicKey), format: "der", type: "spki" });
  const holds = (type: typeof document.type) =>
    createVerify("sha256")
      .update(signingInput(type, document.keyId, bytes))
      .verify(key, Buffer.from(document.signature, "base64"));
  expect(holds("steward-release-v1")).toBe(true);
  expect(holds("steward-envelope-v1")).toBe(false);
});

test("a key that is not there is a fault that somebody must look at", async () => {
  const signer = createSigner({ kms: clients.kms, keyAlias: "alias/none" });
  await expect(signer.key()).rejects.toMatchObject({ code: "internal", retryable: false });
});

test("a secret is absent, then there, then the new one", async () => {
  expect(await getSecret(clients.secrets, names.anthropicSecret)).toBeUndefined();
  await putSecret(clients.secrets, names.anthropicSecret, "first");
  expect(await getSecret(clients.secrets, names.anthropicSecret)).toBe("first");
  await putSecret(clients.secrets, names.anthropicSecret, "second");
  expect(await getSecret(clients.secrets, names.anthropicSecret)).toBe("second");
});

test("a parameter is absent, then there, then the new one, also for those who remember", async () => {
  const name = names.parameter("release");
  expect(await getParameter(clients.ssm, name)).toBeUndefined();
  await putParameter(clients.ssm, name, "1");
  expect(await getParameter(clients.ssm, name, { cached: true })).toBe("1");
  await putParameter(clients.ssm, name, "2".repeat(5_000));
  expect(await getParameter(clients.ssm, name)).toBe("2".repeat(5_000));
  expect(await getParameter(clients.ssm, name, { cached: true })).toBe("2".repeat(5_000));
});

test("objects are put, looked at, fetched, and absent ones are absent", async () => {
  const objects = createObjects(clients.s3);
  const bucket = buckets.bundles;
  expect(await objects.exists(bucket, "a/b")).toBe(false);
  expect(await objects.get(bucket, "a/b")).toBeUndefined();
  await objects.put(bucket, "a/b", "hello", { contentType: "text/plain" });
  expect(await objects.head(bucket, "a/b")).toMatchObject({ bytes: 5 });
  expect(Buffer.from((await objects.get(bucket, "a/b")) ?? []).toString()).toBe("hello");
  const response = await fetch(await objects.presignedGet(bucket, "a/b", 60));
  expect(await response.text()).toBe("hello");
});

test("an upload place takes exactly the promised bytes, once", async () => {
  const objects = createObjects(clients.s3);
  const body = randomBytes(1_000);
  const upload = { sha256Hex: createHash("sha256").update(body).digest("hex"), bytes: body.length, seconds: 60 };
  const { url, headers } = await objects.presignedPut(buckets.outputs, "run/0", upload);
  const put = async (bytes: Buffer, by: Record<string, string> = headers) =>
    (await fetch(url, { method: "PUT", headers: by, body: new Uint8Array(bytes) })).status;
  const other = Buffer.from(body);
  other[0] = (other[0] ?? 0) ^ 1;
  expect(await put(other)).toBe(400);
  expect(await put(body.subarray(1))).toBe(403);
  expect(await put(body, {})).toBe(403);
  expect(await objects.exists(buckets.outputs, "run/0")).toBe(false);
  expect(await put(body)).toBe(200);
  expect(await put(body)).toBe(412);
  expect(Buffer.from((await objects.get(buckets.outputs, "run/0")) ?? []).equals(body)).toBe(true);
});

test("a doorbell is rung in commands of fifty, and the registration carries the node's tag", async () => {
  const nodeIds = Array.from({ length: 120 }, () => newId("appliance", Date.now()));
  const rolloutId = newId("rollout", Date.now());
  const outcome = await ringBySsm({ ssm: clients.ssmOnce, document: names.wakeDocument, nodeIds, rolloutId });
  expect(outcome).toEqual({ rung: nodeIds, failed: [] });
  const { Commands = [] } = await clients.ssm.send(new ListCommandsCommand({}));
  expect(Commands.map((command) => command.Targets?.[0]?.Values?.length ?? 0).toSorted((a, b) => a - b)).toEqual([
    20, 50, 50,
  ]);
  for (const command of Commands) {
    expect(command).toMatchObject({ MaxConcurrency: "50", MaxErrors: "100%", Comment: rolloutId });
  }
  const activation = await createActivation(clients.ssm, { stage, nodeId: nodeIds[0] ?? "", role: "steward-hybrid" });
  expect(activation.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(activation.code.length).toBeGreaterThanOrEqual(20);
});

test("a doorbell that fails says for whom, and retries are refused before they ring", async () => {
  const nodeIds = [newId("appliance", Date.now())];
  const ring = (ssm: Clients["ssm"], document: string) =>
    ringBySsm({ ssm, document, nodeIds, rolloutId: newId("rollout", Date.now()) });
  expect(await ring(clients.ssmOnce, "No-Such-Document")).toMatchObject({
    rung: [],
    failed: [{ nodeIds, retryable: false }],
  });
  await expect(ring(clients.ssm, names.wakeDocument)).rejects.toMatchObject({ code: "internal" });
});

test("a cloud that is gone is a fault that may pass", async () => {
  const nobody = createClients({ region: "us-east-1", credentials: credential, endpointUrl: "http://127.0.0.1:9" });
  await expect(createObjects(nobody.s3).exists("b", "k")).rejects.toMatchObject({
    code: "unavailable",
    retryable: true,
  });
});
