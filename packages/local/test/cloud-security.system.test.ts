import { request } from "node:http";
import {
  BatchGetItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  CreateTableCommand,
} from "@aws-sdk/client-dynamodb";
import { SignCommand } from "@aws-sdk/client-kms";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { GetSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { GetQueueUrlCommand, ListQueuesCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SendCommandCommand } from "@aws-sdk/client-ssm";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { localAccount } from "../src/account.ts";
import { permissions } from "@steward/contracts/permissions";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CloudCredential } from "../src/cloud/authorize.ts";
import { signRequest } from "../src/cloud/sigv4.ts";
import { type Cloud, startCloud } from "../src/cloud/start-cloud.ts";
import { temporaryFolder } from "./cloud-process.ts";
import { clientsOf, errorOf, fullAccess } from "./contract/target.ts";

const stage = "guarded";
const names = resourceNames(stage);
const buckets = bucketNames(stage, localAccount);
const grants = permissions(stage, localAccount);
const credential = (principal: "worker" | "heartbeat" | "dispatch"): CloudCredential => ({
  accessKeyId: `LOCAL${principal.toUpperCase()}`,
  secretAccessKey: `secret-of-${principal}-0123456789`,
  principal,
  grants: grants[principal],
});

/** Somebody who may read tasks, of every tenant, and nothing else of the table. */
const tasksOnly: CloudCredential = {
  accessKeyId: "LOCALTASKSONLY",
  secretAccessKey: "secret-of-tasks-only-0123456789",
  principal: "tasks-only",
  grants: [
    {
      actions: ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"],
      resources: [names.table, names.index("gsi1")],
      keys: ["T#*#TASK"],
    },
  ],
};

const folder = temporaryFolder();
let cloud: Cloud;
let nowMs: () => number = Date.now;

beforeAll(async () => {
  cloud = await startCloud({
    stateDir: folder.path,
    stage,
    credentials: [fullAccess, credential("worker"), credential("heartbeat"), credential("dispatch"), tasksOnly],
    now: () => nowMs(),
    log: () => undefined,
  });
});
afterAll(async () => {
  await cloud.close();
  folder.remove();
});

interface RawAnswer {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}

/** One HTTP request exactly as given, `Host` and all. */
function raw(
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port: cloud.port,
        method: options.method ?? "POST",
        path: options.path ?? "/",
        headers: options.headers ?? {},
      },
      (response) => {
        let body = "";
        response.on("data", (data: Buffer) => {
          body += data.toString("utf8");
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
      },
    );
    outgoing.on("error", reject);
    outgoing.end(options.body ?? "");
  });
}

const listTables = { "x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0" };

function signed(
  more: { secretAccessKey?: string; service?: string; atMs?: number; headers?: Record<string, string> } = {},
) {
  return signRequest(
    { method: "POST", url: new URL(cloud.endpoint), headers: { ...listTables, ...more.headers }, body: "{}" },
    {
      accessKeyId: fullAccess.accessKeyId,
      secretAccessKey: more.secretAccessKey ?? fullAccess.secretAccessKey,
      service: more.service ?? "dynamodb",
      region: "us-east-1",
      nowMs: more.atMs ?? Date.now(),
    },
  );
}

describe("signatures", () => {
  test("a rightly signed call is served, and no CORS header is ever sent", async () => {
    const answer = await raw({ headers: signed(), body: "{}" });
    expect(answer.status).toBe(200);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test.each([
    ["DynamoDB_20120810.ListTables"],
    ["AmazonSQS.ListQueues"],
    ["AmazonSSM.GetParameter"],
    ["TrentService.ListAliases"],
    ["secretsmanager.ListSecrets"],
  ])("an unsigned %s is refused", async (target) => {
    const answer = await raw({ headers: { "x-amz-target": target }, body: "{}" });
    expect(answer.status).toBe(400);
    expect(answer.body).toContain("MissingAuthenticationTokenException");
  });

  test("unsigned S3 calls and agents' calls are refused", async () => {
    for (const method of ["GET", "PUT", "DELETE", "HEAD"])
      expect((await raw({ method, path: `/${buckets.outputs}/x` })).status).toBe(403);
    expect((await raw({ method: "GET", path: "/" })).status).toBe(403);
    for (const path of ["/_ssm/poll", "/_ssm/result"]) expect((await raw({ path, body: "{}" })).status).toBe(400);
  });

  const refused = async (headers: Record<string, string>, body = "{}") => {
    const answer = await raw({ headers, body });
    expect(answer.status).toBe(400);
    return answer.body;
  };

  test("a wrong secret, an unknown key and another service's signature are refused", async () => {
    expect(await refused(signed({ secretAccessKey: "wrong-secret-0123456789" }))).toContain("InvalidSignature");
    const unknown = signed();
    unknown.authorization = (unknown.authorization ?? "").replace(fullAccess.accessKeyId, "SOMEBODYELSE");
    expect(await refused(unknown)).toContain("UnrecognizedClientException");
    expect(await refused(signed({ service: "sqs" }))).toContain("InvalidSignature");
  });

  test("a changed body, a changed target and an added x-amz header are refused", async () => {
    expect(await refused(signed(), '{"Limit":1}')).toContain("InvalidSignature");
    expect(await refused({ ...signed(), "x-amz-target": "DynamoDB_20120810.DeleteTable" })).toContain(
      "InvalidSignature",
    );
    expect(await refused({ ...signed(), "x-amz-added": "1" })).toContain("InvalidSignature");
  });

  test("every character of the signature counts", async () => {
    const headers = signed();
    const authorization = headers.authorization ?? "";
    const start = authorization.length - 64;
    for (let place = start; place < authorization.length; place += 7) {
      const flipped = authorization[place] === "0" ? "1" : "0";
      const changed = authorization.slice(0, place) + flipped + authorization.slice(place + 1);
      expect(await refused({ ...headers, authorization: changed })).toContain("InvalidSignature");
    }
    for (const broken of ["", "AWS4-HMAC-SHA256", "Bearer x", `${authorization}, extra=1`])
      await refused({ ...headers, authorization: broken });
  });

  test("a signature holds for five minutes either way", async () => {
    const minute = 60_000;
    for (const ageMs of [-6 * minute, 6 * minute, 24 * 60 * minute])
      expect(await refused(signed({ atMs: Date.now() - ageMs }))).toContain("InvalidSignature");
    for (const ageMs of [-4 * minute, 4 * minute])
      expect((await raw({ headers: signed({ atMs: Date.now() - ageMs }), body: "{}" })).status).toBe(200);
  });

  test("the cloud's own clock decides", async () => {
    nowMs = () => Date.now() + 3600_000;
    try {
      expect(await refused(signed())).toContain("InvalidSignature");
    } finally {
      nowMs = Date.now;
    }
  });
});

describe("the browser's neighbourhood", () => {
  test("a Host that is not ours is refused, though the signature is right", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${cloud.port}`,
      "127.0.0.1",
      "localhost",
      `[::1]:${cloud.port}`,
    ]) {
      const url = new URL(`http://${host}`);
      const headers = signRequest(
        { method: "POST", url, headers: listTables, body: "{}" },
        { ...fullAccess, service: "dynamodb", region: "us-east-1", nowMs: Date.now() },
      );
      const answer = await raw({ headers: { ...headers, host }, body: "{}" });
      expect(answer.status).toBe(403);
      expect(answer.body).toContain("is not served here");
    }
    const own = { method: "GET", path: "/_health", headers: { host: `localhost:${cloud.port}` } };
    expect((await raw(own)).status).toBe(200);
  });

  test("a foreign Origin is refused, and so is its preflight", async () => {
    for (const origin of ["http://evil.example", "null", cloud.endpoint]) {
      expect((await raw({ headers: { ...signed(), origin }, body: "{}" })).status).toBe(403);
      const preflight = await raw({
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-amz-target" },
      });
      expect(preflight.status).toBe(403);
      expect(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    }
  });

  test("an oversized body is refused before it is kept", async () => {
    const body = "x".repeat(2 * 1024 * 1024);
    const answer = await raw({ headers: { ...signed(), "x-amz-target": "AmazonSSM.GetParameter" }, body });
    expect(answer.status).toBe(413);
  });
});

describe("the allow list", () => {
  const denied = async (call: Promise<unknown>) => {
    expect((await errorOf(call)).name).toMatch(/^AccessDenied(Exception)?$/);
  };

  test("a worker reads its lanes, and nothing else of anybody's", async () => {
    const { sqs, dynamodb, s3, secrets, ssm, kms } = clientsOf(cloud.endpoint, credential("worker"));
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: names.queue("inference-express") }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    await denied(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "x" })));
    const other = QueueUrl?.replace("inference-express", "rollouts");
    await denied(sqs.send(new ReceiveMessageCommand({ QueueUrl: other })));
    await denied(sqs.send(new ListQueuesCommand({})));
    const Key = { pk: { S: "a" }, sk: { S: "a" } };
    await denied(dynamodb.send(new GetItemCommand({ TableName: names.table, Key })));
    await denied(s3.send(new GetObjectCommand({ Bucket: buckets.outputs, Key: "x" })));
    await denied(secrets.send(new GetSecretValueCommand({ SecretId: names.anthropicSecret })));
    await denied(ssm.send(new GetParameterCommand({ Name: names.parameter("release") })));
    await denied(ssm.send(new SendCommandCommand({ DocumentName: names.wakeDocument, InstanceIds: ["mi-1"] })));
    await denied(
      kms.send(
        new SignCommand({
          KeyId: names.keyAlias("dispatch"),
          Message: Buffer.from("x"),
          SigningAlgorithm: "ECDSA_SHA_256",
        }),
      ),
    );
  });

  test("each signing key is for its function alone, by alias and by id", async () => {
    const { kms } = clientsOf(cloud.endpoint, credential("dispatch"));
    const sign = (KeyId: string) =>
      kms.send(new SignCommand({ KeyId, Message: Buffer.from("x"), SigningAlgorithm: "ECDSA_SHA_256" }));
    const { KeyId: arn } = await sign(names.keyAlias("dispatch"));
    await sign(arn ?? "");
    await denied(sign(names.keyAlias("approval")));
    const { KeyId: approval } = await clientsOf(cloud.endpoint, fullAccess).kms.send(
      new SignCommand({
        KeyId: names.keyAlias("approval"),
        Message: Buffer.from("x"),
        SigningAlgorithm: "ECDSA_SHA_256",
      }),
    );
    await denied(sign(approval ?? ""));
  });

  test("a heartbeat may update the table, not put into it, also not inside a transaction or through another name", async () => {
    const { dynamodb } = clientsOf(cloud.endpoint, credential("heartbeat"));
    const Item = { pk: { S: "SYS#PRESENCE#1" }, sk: { S: "a" } };
    const TableName = names.table;
    await denied(dynamodb.send(new PutItemCommand({ TableName, Item })));
    await denied(dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item } }] })));
    const update = {
      TableName,
      Key: Item,
      UpdateExpression: "SET a = :a",
      ExpressionAttributeValues: { ":a": { S: "x" } },
    };
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: update }] }));
    // Of the table it has the presences: not a person's record, alone or beside one of its own.
    const person = { ...update, Key: { pk: { S: "SYS#PERSON#per_1" }, sk: { S: "PERSON" } } };
    await denied(dynamodb.send(new UpdateItemCommand(person)));
    await denied(
      dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: update }, { Update: person }] })),
    );
    await clientsOf(cloud.endpoint, fullAccess).dynamodb.send(
      new CreateTableCommand({
        TableName: "other-table",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      }),
    );
    const foreign = { ...update, TableName: "other-table", Key: { pk: { S: "a" } } };
    await denied(
      dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: update }, { Update: foreign }] })),
    );
    // Two readers of one body must not see two tables: named twice, the engine refuses it.
    const body = `{"TableName":"other-table","Key":{"pk":{"S":"SYS#PRESENCE#1"}},"TableName":${JSON.stringify(TableName)}}`;
    const { accessKeyId, secretAccessKey } = credential("heartbeat");
    const headers = signRequest(
      {
        method: "POST",
        url: new URL(cloud.endpoint),
        headers: { "x-amz-target": "DynamoDB_20120810.UpdateItem" },
        body,
      },
      { accessKeyId, secretAccessKey, service: "dynamodb", region: "us-east-1", nowMs: Date.now() },
    );
    expect((await raw({ headers, body })).body).toContain("SerializationException");
  });

  test("a grant for some partition keys is good for those, by every kind of call, and for an index by the index's own", async () => {
    const TableName = names.table;
    const full = clientsOf(cloud.endpoint, fullAccess).dynamodb;
    const keyOf = (pk: string) => ({ pk: { S: pk }, sk: { S: "x" } });
    for (const pk of ["T#ten_1#TASK", "T#ten_1#NODE"])
      await full.send(new PutItemCommand({ TableName, Item: { ...keyOf(pk), gsi1pk: { S: pk }, gsi1sk: { S: "x" } } }));
    const { dynamodb } = clientsOf(cloud.endpoint, tasksOnly);
    const get = (pk: string) => dynamodb.send(new GetItemCommand({ TableName, Key: keyOf(pk) }));
    const batch = (...keys: string[]) =>
      dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys.map(keyOf) } } }));
    const query = (pk: string, IndexName?: "gsi1") =>
      dynamodb.send(
        new QueryCommand({
          TableName,
          ...(IndexName === undefined ? {} : { IndexName }),
          KeyConditionExpression: "#k = :pk",
          ExpressionAttributeNames: { "#k": IndexName === undefined ? "pk" : "gsi1pk" },
          ExpressionAttributeValues: { ":pk": { S: pk } },
        }),
      );
    expect((await get("T#ten_1#TASK")).Item).toBeDefined();
    expect((await batch("T#ten_1#TASK", "T#ten_2#TASK")).Responses?.[TableName]).toHaveLength(1);
    expect((await query("T#ten_1#TASK")).Count).toBe(1);
    expect((await query("T#ten_1#TASK", "gsi1")).Count).toBe(1);
    await denied(get("T#ten_1#NODE"));
    await denied(batch("T#ten_1#TASK", "T#ten_1#NODE"));
    await denied(query("T#ten_1#NODE"));
    await denied(query("T#ten_1#NODE", "gsi1"));
    // A query that does not say which partition is about none that is granted.
    await denied(
      dynamodb.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: "sk = :pk",
          ExpressionAttributeValues: { ":pk": { S: "T#ten_1#TASK" } },
        }),
      ),
    );
  });

  test("calls that name their tables in another language do not reach the engine", async () => {
    const body = `{"Statement":"select * from \\"${names.table}\\""}`;
    const headers = signRequest(
      {
        method: "POST",
        url: new URL(cloud.endpoint),
        headers: { "x-amz-target": "DynamoDB_20120810.ExecuteStatement" },
        body,
      },
      { ...fullAccess, service: "dynamodb", region: "us-east-1", nowMs: Date.now() },
    );
    expect((await raw({ headers, body })).body).toContain("UnknownOperationException");
  });

  test("whoever may not list learns nothing about which objects there are", async () => {
    const everything = clientsOf(cloud.endpoint, fullAccess);
    await everything.s3.send(new PutObjectCommand({ Bucket: buckets.outputs, Key: "there", Body: "x" }));
    const { s3 } = clientsOf(cloud.endpoint, credential("worker"));
    for (const Key of ["there", "not-there"])
      await denied(s3.send(new GetObjectCommand({ Bucket: buckets.outputs, Key })));
  });
});
