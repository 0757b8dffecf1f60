import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KMSClient, ListAliasesCommand, SignCommand } from "@aws-sdk/client-kms";
import { GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { resourceNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localAccount } from "../src/account.ts";
import type { CloudCredential } from "../src/cloud/authorize.ts";
import { recordedCallSchema, testAppId } from "../src/cloud/call-recorder.ts";
import { type CloudProcess, startCloudProcess, temporaryFolder, writeCredentials } from "./cloud-process.ts";
import { errorOf, fullAccess } from "./contract/target.ts";

const stage = "test";
const names = resourceNames(stage);
const dispatch: CloudCredential = {
  accessKeyId: "LOCALDISPATCH",
  secretAccessKey: "secret-of-dispatch-0123456789",
  principal: "dispatch",
  grants: permissions(stage, localAccount).dispatch,
};

let folder: ReturnType<typeof temporaryFolder>;
let recordings: string;
let cloud: CloudProcess;

beforeEach(async () => {
  folder = temporaryFolder();
  recordings = mkdtempSync(join(tmpdir(), "steward-recorded-"));
  writeCredentials(folder.path, [fullAccess, dispatch]);
  cloud = await startCloudProcess(folder.path, { STEWARD_RECORD_CALLS: recordings });
});
afterEach(async () => {
  await cloud.kill();
  folder.remove();
  rmSync(recordings, { recursive: true, force: true });
});

/** As one of Steward's parts calls, unless it is said that a test does. */
const clientOptions = (credentials: CloudCredential = dispatch, userAgentAppId = "") => ({
  endpoint: cloud.endpoint,
  region: "us-east-1",
  credentials,
  maxAttempts: 1,
  userAgentAppId,
});
const recorded = () =>
  readdirSync(recordings)
    .flatMap((name) => readFileSync(join(recordings, name), "utf8").split("\n"))
    .filter((line) => line !== "")
    .map((line) => recordedCallSchema.parse(JSON.parse(line)));
const call = { stage, principal: "dispatch" };

test("each right that was used is there once, at once, and survives kill -9", async () => {
  const sqs = new SQSClient(clientOptions());
  for (let time = 0; time < 3; time += 1) {
    await sqs.send(new GetQueueUrlCommand({ QueueName: names.queue("rollouts") }));
  }
  await cloud.kill();
  expect(recorded()).toEqual([
    { ...call, action: "sqs:GetQueueUrl", resource: names.queue("rollouts"), allowed: true },
  ]);
});

test("a key is recorded by the alias that gives the right, whatever it was called by", async () => {
  const { Aliases = [] } = await new KMSClient(clientOptions(fullAccess)).send(new ListAliasesCommand({}));
  const KeyId = Aliases.find(({ AliasName }) => AliasName === names.keyAlias("dispatch"))?.TargetKeyId;
  const kms = new KMSClient(clientOptions());
  await kms.send(
    new SignCommand({ KeyId, Message: new Uint8Array(32), MessageType: "DIGEST", SigningAlgorithm: "ECDSA_SHA_256" }),
  );
  expect(recorded()).toEqual([{ ...call, action: "kms:Sign", resource: names.keyAlias("dispatch"), allowed: true }]);
});

test("a refusal is recorded as one", async () => {
  const Name = names.parameter("trust-document");
  expect((await errorOf(new SSMClient(clientOptions()).send(new GetParameterCommand({ Name })))).name).toBe(
    "AccessDeniedException",
  );
  expect(recorded()).toEqual([{ ...call, action: "ssm:GetParameter", resource: Name, allowed: false }]);
});

test("what a test does with a part's keys, or with keys of its own, is not the part's", async () => {
  const QueueName = names.queue("rollouts");
  await new SQSClient(clientOptions(dispatch, testAppId)).send(new GetQueueUrlCommand({ QueueName }));
  await new SQSClient(clientOptions(fullAccess)).send(new GetQueueUrlCommand({ QueueName }));
  expect(recorded()).toEqual([]);
});

test("the tests' own SDK clients say that they are a test's", async () => {
  const { userAgentAppId: _unset, ...asUsual } = clientOptions();
  await new SQSClient(asUsual).send(new GetQueueUrlCommand({ QueueName: names.queue("rollouts") }));
  expect(recorded()).toEqual([]);
});
