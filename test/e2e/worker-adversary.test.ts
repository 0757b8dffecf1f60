import "reflect-metadata";
import { randomUUID, webcrypto } from "node:crypto";
import { DeleteTableCommand, DescribeTableCommand, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { GetPublicKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import {
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
} from "@aws-sdk/client-secrets-manager";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import {
  CreateActivationCommand,
  DescribeInstanceInformationCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  ListCommandsCommand,
  PutParameterCommand,
  SendCommandCommand,
} from "@aws-sdk/client-ssm";
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from "@aws-sdk/lib-dynamodb";
import * as x509 from "@peculiar/x509";
import type { Clients } from "@steward/aws/clients";
import { getJob } from "@steward/aws/records/job";
import { newId } from "@steward/contracts/ids";
import { laneMessageSchema, type LaneMessage } from "@steward/contracts/job";
import { laneQueue, parameterNames, queueNames, signingKeyUses } from "@steward/contracts/names";
import type { Route } from "@steward/contracts/route";
import { routes } from "@steward/contracts/routes";
import type { KeyPair } from "@steward/node-client/key-pair";
import type { NodeClient } from "@steward/node-client/node-client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Installation, problemOf, startInstallation, until, untilEnded } from "../support/installation.ts";
import { atNodesDoor } from "../support/nodes-door.ts";

/*
 * The whole worker replaced by an adversary that has all that a worker has: its AWS keys and an enrolled machine's
 * certificate. It says that it is ready, so that jobs go where it can take them.
 */

let installation: Installation;
let aws: Clients;
let worker: NodeClient;
let appliance: NodeClient;

beforeAll(async () => {
  installation = await startInstallation({ appliances: 4 });
  aws = installation.cloudAs("worker");
  worker = await installation.enrol("worker", "worker", "provider");
  await worker.call("heartbeat", {
    body: {
      sequence: 1,
      // Nobody waits for the next one while the tests run.
      intervalSeconds: 3600,
      metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 0, uptimeSeconds: 1 },
      agentVersion: "0.1.0",
      configRevision: 0,
      capacity: { slots: 4, used: 0 },
      models: ["llama3.2:3b"],
    },
  });
  appliance = await installation.machine("acme-berlin-01");
});
afterAll(() => installation.close());

/** What AWS answers those who may not: in the words of each service. */
async function expectDenied(what: string, call: () => Promise<unknown>): Promise<void> {
  let outcome: string;
  try {
    outcome = `answered ${JSON.stringify(await call())?.slice(0, 200)}`;
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    outcome = `${name} ${$metadata?.httpStatusCode}`;
  }
  // A HEAD has no body to name the error in.
  expect([what, outcome]).toEqual([
    what,
    expect.stringMatching(/^AccessDenied(Exception)? 40[03]$|^(403|UnknownError|Unknown|Forbidden) 403$/),
  ]);
}

describe("with the worker's own AWS keys", () => {
  it("every call to the table is refused", async () => {
    const { dynamo } = aws;
    const TableName = installation.names.table;
    const Key = { pk: `T#${installation.tenantId("acme")}#TENANT`, sk: "TENANT" };
    const Item = { ...Key, state: {} };
    const calls: Record<string, () => Promise<unknown>> = {
      GetItem: () => dynamo.send(new GetCommand({ TableName, Key })),
      BatchGetItem: () => dynamo.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: [Key] } } })),
      TransactGetItems: () => dynamo.send(new TransactGetCommand({ TransactItems: [{ Get: { TableName, Key } }] })),
      Query: () =>
        dynamo.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: "pk = :pk",
            ExpressionAttributeValues: { ":pk": Key.pk },
          }),
        ),
      "Query of an index": () =>
        dynamo.send(
          new QueryCommand({
            TableName,
            IndexName: "gsi1",
            KeyConditionExpression: "gsi1pk = :pk",
            ExpressionAttributeValues: { ":pk": "SYS#TENANTS" },
          }),
        ),
      Scan: () => dynamo.send(new ScanCommand({ TableName })),
      PutItem: () => dynamo.send(new PutCommand({ TableName, Item })),
      UpdateItem: () => dynamo.send(new UpdateCommand({ TableName, Key, UpdateExpression: "REMOVE gsi1pk" })),
      DeleteItem: () => dynamo.send(new DeleteCommand({ TableName, Key })),
      BatchWriteItem: () =>
        dynamo.send(new BatchWriteCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item } }] } })),
      TransactWriteItems: () =>
        dynamo.send(new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item } }] })),
      DescribeTable: () => dynamo.send(new DescribeTableCommand({ TableName })),
      ListTables: () => dynamo.send(new ListTablesCommand({})),
      DeleteTable: () => dynamo.send(new DeleteTableCommand({ TableName })),
    };
    for (const [name, call] of Object.entries(calls)) await expectDenied(name, call);
  });

  it("every object is refused: bundles, releases, and outputs of real runs", async () => {
    const acme = installation.as("acme");
    const task = await acme("submitTask", {
      body: { steps: [{ action: "disk.usage", variables: {} }], targets: ["acme-berlin-01"] },
    });
    const ended = await untilEnded(acme, task.id);
    const run = ended.runs?.[0];
    const { bundles: bundleBucket, outputs: outputBucket } = installation.buckets;
    const places = [
      { Bucket: bundleBucket, Key: `${ended.plan?.steps[0]?.bundle}.tar.gz` },
      { Bucket: bundleBucket, Key: "releases/1" },
      { Bucket: outputBucket, Key: `${task.tenantId}/${run?.id}/1/000000.gz` },
      { Bucket: outputBucket, Key: "absent" },
    ];
    for (const place of places) {
      const where = `${place.Bucket}/${place.Key}`;
      await expectDenied(`get ${where}`, () => aws.s3.send(new GetObjectCommand(place)));
      await expectDenied(`head ${where}`, () => aws.s3.send(new HeadObjectCommand(place)));
      await expectDenied(`put ${where}`, () => aws.s3.send(new PutObjectCommand({ ...place, Body: "x" })));
      await expectDenied(`delete ${where}`, () => aws.s3.send(new DeleteObjectCommand(place)));
    }
    for (const Bucket of [bundleBucket, outputBucket]) {
      await expectDenied(`list ${Bucket}`, () => aws.s3.send(new ListObjectsV2Command({ Bucket })));
    }
    await expectDenied("list buckets", () => aws.s3.send(new ListBucketsCommand({})));
  });

  it("every secret, parameter and key is refused", async () => {
    const { names } = installation;
    for (const SecretId of [names.anthropicSecret, names.tokenSecret, "absent"]) {
      await expectDenied(`read ${SecretId}`, () => aws.secrets.send(new GetSecretValueCommand({ SecretId })));
      await expectDenied(`describe ${SecretId}`, () => aws.secrets.send(new DescribeSecretCommand({ SecretId })));
      await expectDenied(`write ${SecretId}`, () =>
        aws.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: "mine" })),
      );
      await expectDenied(`delete ${SecretId}`, () => aws.secrets.send(new DeleteSecretCommand({ SecretId })));
    }
    await expectDenied("list secrets", () => aws.secrets.send(new ListSecretsCommand({})));
    for (const name of parameterNames) {
      const Name = names.parameter(name);
      await expectDenied(`read ${Name}`, () => aws.ssm.send(new GetParameterCommand({ Name })));
      await expectDenied(`write ${Name}`, () =>
        aws.ssm.send(new PutParameterCommand({ Name, Value: "mine", Type: "String", Overwrite: true })),
      );
    }
    await expectDenied("list parameters", () =>
      aws.ssm.send(new GetParametersByPathCommand({ Path: `/steward/${installation.stack.stage}`, Recursive: true })),
    );
    for (const use of signingKeyUses) {
      const KeyId = names.keyAlias(use);
      await expectDenied(`sign with ${use}`, () =>
        aws.kms.send(
          new SignCommand({ KeyId, Message: Buffer.from("x"), MessageType: "RAW", SigningAlgorithm: "ECDSA_SHA_256" }),
        ),
      );
      await expectDenied(`public key of ${use}`, () => aws.kms.send(new GetPublicKeyCommand({ KeyId })));
    }
  });

  it("commands to appliances are refused", async () => {
    const DocumentName = installation.names.wakeDocument;
    await expectDenied("send a command", () =>
      aws.ssm.send(new SendCommandCommand({ DocumentName, Targets: [{ Key: "tag:steward", Values: ["x"] }] })),
    );
    await expectDenied("list commands", () => aws.ssm.send(new ListCommandsCommand({})));
    await expectDenied("list machines", () => aws.ssm.send(new DescribeInstanceInformationCommand({})));
    await expectDenied("activate", () => aws.ssm.send(new CreateActivationCommand({ IamRole: "x" })));
  });

  it("of the queues only the lanes, and of these only what a consumer does", async () => {
    const { sqs } = aws;
    const { names, stack } = installation;
    const urlOf = (name: string) => `${stack.cloudUrl}/000000000000/${name}`;
    const lanes = new Set<string>([laneQueue("express"), laneQueue("standard"), laneQueue("bulk")]);
    for (const queue of queueNames) {
      const QueueName = names.queue(queue);
      const QueueUrl = urlOf(QueueName);
      await expectDenied(`send to ${queue}`, () => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" })));
      await expectDenied(`purge ${queue}`, () => sqs.send(new PurgeQueueCommand({ QueueUrl })));
      await expectDenied(`change ${queue}`, () =>
        sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: "0" } })),
      );
      await expectDenied(`count ${queue}`, () =>
        sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] })),
      );
      if (lanes.has(queue)) continue;
      await expectDenied(`find ${queue}`, () => sqs.send(new GetQueueUrlCommand({ QueueName })));
      await expectDenied(`receive of ${queue}`, () => sqs.send(new ReceiveMessageCommand({ QueueUrl })));
      await expectDenied(`delete of ${queue}`, () =>
        sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: "x" })),
      );
    }
    for (const queue of queueNames) {
      const QueueUrl = urlOf(names.deadLetterQueue(queue));
      await expectDenied(`receive of ${queue}'s dead letters`, () => sqs.send(new ReceiveMessageCommand({ QueueUrl })));
    }
    await expectDenied("list queues", () => sqs.send(new ListQueuesCommand({})));
  });
});

/** Tasks whose jobs this adversary has taken: they would fill their tenant's window. */
const taken: { slug: string; taskId: string }[] = [];
afterEach(async () => {
  for (const { slug, taskId } of taken.splice(0)) {
    const call = installation.as(slug);
    const { status } = await call("getTask", { params: { taskId }, query: {} });
    if (status === "thinking") await call("cancelTask", { params: { taskId }, body: {} });
  }
});

/** A job in a lane, and its message, which this adversary receives in the real worker's place. */
async function takeMessage(slug = "acme"): Promise<{ taskId: string; message: LaneMessage }> {
  const call = installation.as(slug);
  const [site] = (await call("listNodes", { query: { kind: "appliance", limit: 1 } })).items;
  const task = await call("submitTask", {
    body: { instruction: "onboard our new colleague zoe", targets: [site?.name ?? ""] },
  });
  expect(task.status).toBe("thinking");
  taken.push({ slug, taskId: task.id });
  const { names } = installation;
  const { QueueUrl } = await aws.sqs.send(new GetQueueUrlCommand({ QueueName: names.queue("inference-express") }));
  for (let tries = 0; tries < 20; tries++) {
    const { Messages = [] } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }));
    for (const one of Messages) {
      const message = laneMessageSchema.parse(JSON.parse(one.Body ?? ""));
      const job = await getJob(installation.table, { tenantId: message.tenantId, jobId: message.jobId });
      if (job?.taskId === task.id) return { taskId: task.id, message };
    }
  }
  throw new Error("the job's message did not come");
}

const completion = (tenantId: string, attempt: number, output = "{}") => ({
  tenantId,
  attempt,
  output,
  model: "mine",
  promptTokens: 1,
  completionTokens: 1,
  durationMs: 1,
});

describe("with the worker's own certificate", () => {
  it("a job is claimed only with its newest message's secret, and under its own tenant", async () => {
    const { message } = await takeMessage();
    const { tenantId, jobId, secret } = message;
    const claim = (body: { tenantId?: string; secret?: string }, id = jobId) =>
      worker.call("claimJob", { params: { jobId: id }, body: { tenantId, secret, claimId: randomUUID(), ...body } });
    const refused = {
      "no secret": () => claim({ secret: "" }),
      "a guessed secret": () => claim({ secret: "x".repeat(43) }),
      "the secret's hash": async () => {
        const job = await getJob(installation.table, { tenantId, jobId });
        return claim({ secret: job?.secretHash ?? "" });
      },
      "another tenant's name": () => claim({ tenantId: installation.tenantId("birch") }),
      "another job's id": () => claim({}, newId("job", Date.now())),
    };
    for (const [name, call] of Object.entries(refused)) {
      expect([name, (await problemOf(call())).code]).toEqual([name, "stale_attempt"]);
    }
    expect((await getJob(installation.table, { tenantId, jobId }))?.status).toBe("queued");
  });

  it("nothing is written for a job that it does not hold, nor for another attempt", async () => {
    const held = await takeMessage();
    const other = await takeMessage("birch");
    const claimed = await worker.call("claimJob", {
      params: { jobId: held.message.jobId },
      body: { tenantId: held.message.tenantId, secret: held.message.secret, claimId: randomUUID() },
    });
    expect(claimed.attempt).toBe(1);
    const attempts = (message: LaneMessage, attempt: number) => {
      const { tenantId, jobId } = message;
      const params = { jobId };
      return {
        progress: () => worker.call("progressJob", { params, body: { tenantId, attempt, tokens: 1 } }),
        complete: () => worker.call("completeJob", { params, body: completion(tenantId, attempt) }),
        release: () => worker.call("releaseJob", { params, body: { tenantId, attempt, reason: "model_error" } }),
        drain: () => worker.call("releaseJob", { params, body: { tenantId, attempt, reason: "draining" } }),
      };
    };
    const cases = [
      ["not claimed", attempts(other.message, 0)],
      ["not claimed, the next attempt", attempts(other.message, 1)],
      ["an earlier attempt", attempts(held.message, 0)],
      ["a later attempt", attempts(held.message, 2)],
      ["claimed, but as another tenant's", attempts({ ...held.message, tenantId: installation.tenantId("birch") }, 1)],
    ] as const;
    const jobOf = ({ tenantId, jobId }: LaneMessage) => getJob(installation.table, { tenantId, jobId });
    const before = await Promise.all([jobOf(held.message), jobOf(other.message)]);
    for (const [name, calls] of cases) {
      for (const [verb, call] of Object.entries(calls)) {
        expect([name, verb, (await problemOf(call())).code]).toEqual([name, verb, "stale_attempt"]);
      }
    }
    expect(await Promise.all([jobOf(held.message), jobOf(other.message)])).toEqual(before);
  });

  it("a job of another worker stays that worker's", async () => {
    const { message } = await takeMessage();
    const provider = installation.as("provider");
    const second = await installation.enrol("worker", "second-worker", "provider");
    const { tenantId, jobId, secret } = message;
    const claimed = await second.call("claimJob", {
      params: { jobId },
      body: { tenantId, secret, claimId: randomUUID() },
    });
    const { attempt } = claimed;
    const params = { jobId };
    // It has the message's secret as well: SQS may deliver twice.
    const calls = {
      claim: () => worker.call("claimJob", { params, body: { tenantId, secret, claimId: randomUUID() } }),
      progress: () => worker.call("progressJob", { params, body: { tenantId, attempt, tokens: 1 } }),
      complete: () => worker.call("completeJob", { params, body: completion(tenantId, attempt) }),
      release: () => worker.call("releaseJob", { params, body: { tenantId, attempt, reason: "model_error" } }),
    };
    for (const [verb, call] of Object.entries(calls)) {
      expect([verb, (await problemOf(call())).code]).toEqual([verb, "stale_attempt"]);
    }
    // Settled by its holder, it is still nobody else's: not even the outcome is told.
    const output = JSON.stringify({ understood: "", outOfScope: true, steps: [] });
    await second.call("completeJob", { params, body: completion(tenantId, attempt, output) });
    expect(await problemOf(worker.call("completeJob", { params, body: completion(tenantId, attempt) }))).toMatchObject({
      code: "stale_attempt",
    });
    await provider("removeNode", { params: { nodeId: second.identity.nodeId } });
  });

  it("what it says of its own job is graded like any model's words", async () => {
    const { taskId, message } = await takeMessage();
    const { tenantId, jobId, secret } = message;
    const params = { jobId };
    const { attempt } = await worker.call("claimJob", { params, body: { tenantId, secret, claimId: randomUUID() } });
    const steps = [{ action: "users.add", variables: { username: "zoe", groups: ["sudo"] } }];
    const output = JSON.stringify({ understood: "", outOfScope: false, steps });
    await worker.call("completeJob", { params, body: completion(tenantId, attempt, output) });
    const task = await until(installation.as("acme"), taskId, ({ status }) => status !== "thinking");
    expect(task).toMatchObject({ status: "failed" });
    expect(task.plan).toBeUndefined();
  });

  it("every route of appliances is refused", async () => {
    const acme = installation.as("acme");
    const task = await acme("submitTask", {
      body: { steps: [{ action: "disk.usage", variables: {} }], targets: ["acme-berlin-01"] },
    });
    const ended = await untilEnded(acme, task.id);
    const values = {
      nodeId: ended.targets[0]?.id ?? "",
      runId: ended.runs?.[0]?.id ?? "",
      digest: ended.plan?.steps[0]?.bundle ?? "",
      secretName: "password",
      jobId: newId("job", Date.now()),
    };
    const names = Object.entries(routes).filter(
      ([, route]) => "node" in route.access && route.access.node === "appliance",
    );
    expect(names.length).toBeGreaterThan(6);
    for (const [name, route] of names) {
      expect([name, await codeOf("worker", route, values)]).toEqual([name, "403 forbidden"]);
    }
  });

  it("and every route of workers to an appliance, as is another appliance's run", async () => {
    const acme = installation.as("acme");
    const task = await acme("submitTask", {
      body: { steps: [{ action: "disk.usage", variables: {} }], targets: ["acme-hamburg-01"] },
    });
    const ended = await untilEnded(acme, task.id);
    const values = {
      nodeId: ended.targets[0]?.id ?? "",
      runId: ended.runs?.[0]?.id ?? "",
      digest: "0".repeat(64),
      jobId: newId("job", Date.now()),
    };
    for (const [name, route] of Object.entries(routes)) {
      if (!("node" in route.access) || route.access.node !== "worker") continue;
      expect([name, await codeOf("acme-berlin-01", route, values)]).toEqual([name, "403 forbidden"]);
    }
    const { runId } = values;
    const ledgerId = randomUUID();
    const chunk = { number: 0, sha256: "0".repeat(64), bytes: 1 };
    const foreign = {
      getEnvelope: () => appliance.call("getEnvelope", { params: { runId } }),
      startRun: () =>
        appliance.call("startRun", {
          params: { runId },
          body: { attempt: 1, ledgerId, executor: "simulate" },
        }),
      requestChunk: () =>
        appliance.call("requestChunk", { params: { runId }, body: { attempt: 1, ledgerId, ...chunk } }),
      recordRun: () =>
        appliance.call("recordRun", {
          params: { runId },
          body: { attempt: 1, ledgerId, executor: "simulate", status: "simulated", steps: [] },
        }),
    };
    for (const [name, call] of Object.entries(foreign)) {
      expect([name, (await problemOf(call())).code]).toEqual([name, "not_found"]);
    }
    const facts = problemOf(appliance.call("putFacts", { params: { nodeId: values.nodeId }, body: {} }));
    expect(["forbidden", "not_found"]).toContain((await facts).code);
  });
});

/** A certificate that says that it is of that node, by an issuer of our own making. */
async function selfSigned(nodeId: string): Promise<KeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${nodeId}`,
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
    certificate: certificate.toString("pem"),
  };
}

async function codeOf(machine: string, route: Route, values: Record<string, string>): Promise<string> {
  const path = route.path.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? "");
  const { status, code } = await atNodesDoor(
    installation,
    machine,
    route.method,
    path,
    route.body === undefined ? undefined : {},
  );
  return `${status} ${String(code)}`;
}

describe("the doors", () => {
  it("the nodes door speaks to nobody without a certificate of its issuer", async () => {
    await expect(atNodesDoor(installation, undefined, "GET", "/api/v1/trust")).rejects.toThrow(
      /certificate|handshake|ECONNRESET|socket hang up|EPIPE|alert/i,
    );
    // One with the right words in it, signed by somebody else, is none.
    await expect(
      atNodesDoor(installation, await selfSigned(worker.identity.nodeId), "GET", "/api/v1/trust"),
    ).rejects.toThrow(/certificate|handshake|ECONNRESET|socket hang up|EPIPE|alert/i);
  });

  it("the api door takes no certificate for a person: 401", async () => {
    for (const path of ["/api/v1/tasks", "/api/v1/nodes", "/api/v1/tenants"]) {
      expect((await installation.raw(path)).status).toBe(401);
      const { nodeId } = worker.identity;
      const headers = { authorization: `Bearer ${nodeId}`, "x-client-cert": "x", "x-amzn-mtls-clientcert": "x" };
      expect((await installation.raw(path, { headers })).status).toBe(401);
    }
  });

  it("each route is served at its own door only: 404 wrong_door", async () => {
    const fill = (path: string) =>
      path.replace(/\{(\w+)\}/g, (_, key: string) =>
        key === "digest" ? "0".repeat(64) : newId(key === "nodeId" ? "appliance" : "task", Date.now()),
      );
    for (const [name, route] of Object.entries(routes) as [string, Route][]) {
      if (route.door === "nodes") {
        const answer = await installation.raw(fill(route.path), {
          method: route.method,
          headers: { ...installation.stack.headersOf("acme"), "content-type": "application/json" },
          ...(route.body === undefined ? {} : { body: "{}" }),
        });
        expect([name, answer.status, (answer.body as { code?: string }).code]).toEqual([name, 404, "wrong_door"]);
      } else {
        const answer = await atNodesDoor(
          installation,
          "worker",
          route.method,
          fill(route.path),
          route.body === undefined ? undefined : {},
        );
        expect([name, answer]).toEqual([name, expect.objectContaining({ status: 404, code: "wrong_door" })]);
      }
    }
  });
});
