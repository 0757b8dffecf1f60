import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  InvalidParameterException,
  InvalidRequestException,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RotateSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RotationEvent } from "../../src/cloud/secret-rotation.ts";
import { type Cloud, startCloud } from "../../src/cloud/start-cloud.ts";
import { temporaryFolder } from "../cloud-process.ts";
import { clientsOf, errorOf, eventually, fullAccess, uniqueName } from "./target.ts";

/** Rotation on a clock that the test turns, by a function that the test is. */
const lambdaArn = "arn:aws:lambda:us-east-1:000000000000:function:rotates";
const dayMs = 86_400_000;
let folder: ReturnType<typeof temporaryFolder>;
let cloud: Cloud;
let aheadMs = 0;
let events: RotationEvent[] = [];
let failing: (event: RotationEvent) => boolean = () => false;
let skipped: RotationEvent["Step"] | undefined;
let logged: string[] = [];

const start = () =>
  startCloud({
    stateDir: folder.path,
    stage: "rotation",
    credentials: [fullAccess, weak],
    now: () => Date.now() + aheadMs,
    log: (message) => logged.push(message),
    invokeRotation: async (arn, event) => {
      expect(arn).toBe(lambdaArn);
      events.push(event);
      if (failing(event)) throw new Error(`${event.Step} failed`);
      await rotateAsAsked(event);
    },
  });
const weak = {
  accessKeyId: "LOCALWEAK",
  secretAccessKey: "weak-secret-0123456789",
  principal: "weak",
  grants: [{ actions: ["secretsmanager:*"], resources: ["*"] }],
};

beforeEach(async () => {
  aheadMs = 0;
  events = [];
  logged = [];
  failing = () => false;
  skipped = undefined;
  folder = temporaryFolder();
  cloud = await start();
});
afterEach(async () => {
  await cloud.close();
  folder.remove();
});

/** A client whose clock goes with the cloud's. */
function secrets(credentials = fullAccess): SecretsManagerClient {
  const client = clientsOf(cloud.endpoint, credentials).secrets;
  client.config.systemClockOffset = aheadMs;
  return client;
}

/** The four steps, as short as they can be. */
async function rotateAsAsked({ Step, SecretId, ClientRequestToken }: RotationEvent): Promise<void> {
  if (Step === "createSecret")
    await secrets().send(
      new PutSecretValueCommand({
        SecretId,
        ClientRequestToken,
        SecretString: `made for ${ClientRequestToken}`,
        VersionStages: ["AWSPENDING"],
      }),
    );
  if (Step === "finishSecret" && skipped !== Step) {
    const { VersionIdsToStages = {} } = await secrets().send(new DescribeSecretCommand({ SecretId }));
    const current = Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes("AWSCURRENT"));
    await secrets().send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: ClientRequestToken,
        RemoveFromVersionId: current,
      }),
    );
  }
}

async function create(): Promise<{ Name: string; VersionId: string }> {
  const Name = uniqueName("contract/rotated");
  const { VersionId = "" } = await secrets().send(new CreateSecretCommand({ Name, SecretString: "first" }));
  return { Name, VersionId };
}
const read = (SecretId: string, VersionStage = "AWSCURRENT") =>
  secrets().send(new GetSecretValueCommand({ SecretId, VersionStage }));
const look = (SecretId: string) => secrets().send(new DescribeSecretCommand({ SecretId }));
const rotate = (SecretId: string, more: Partial<RotateSecretCommand["input"]> = {}) =>
  secrets().send(
    new RotateSecretCommand({
      SecretId,
      RotationLambdaARN: lambdaArn,
      RotationRules: { AutomaticallyAfterDays: 30 },
      ...more,
    }),
  );

describe("at once", () => {
  test("the four steps come in order, and then the new version is current and the old one previous", async () => {
    const { Name, VersionId: first } = await create();
    const { VersionId, ARN } = await rotate(Name);
    await eventually(async () => (await look(Name)).LastRotatedDate);
    expect(events.map(({ Step }) => Step)).toEqual(["createSecret", "setSecret", "testSecret", "finishSecret"]);
    expect(new Set(events.map(({ SecretId, ClientRequestToken }) => `${SecretId} ${ClientRequestToken}`))).toEqual(
      new Set([`${ARN} ${VersionId}`]),
    );
    expect((await read(Name)).VersionId).toBe(VersionId);
    expect((await read(Name, "AWSPREVIOUS")).VersionId).toBe(first);
    const described = await look(Name);
    expect(described).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: lambdaArn,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    expect(described.NextRotationDate?.getTime()).toBeGreaterThan(Date.now() + 29 * dayMs);
  });

  test("the version is announced before its function runs, and has no value until the function gives it one", async () => {
    const { Name } = await create();
    failing = ({ Step }) => Step === "createSecret";
    const { VersionId = "" } = await rotate(Name);
    await eventually(() => logged.some((line) => line.includes("createSecret failed")) || undefined);
    expect((await look(Name)).VersionIdsToStages?.[VersionId]).toEqual(["AWSPENDING"]);
    expect(await errorOf(read(Name, "AWSPENDING"))).toBeInstanceOf(ResourceNotFoundException);
    expect((await read(Name)).SecretString).toBe("first");
    expect((await look(Name)).LastRotatedDate).toBeUndefined();
  });

  test("a step that failed is tried again with the same version, and another rotation is refused meanwhile", async () => {
    const { Name } = await create();
    failing = ({ Step }) => Step === "finishSecret";
    const { VersionId } = await rotate(Name);
    await eventually(() => logged.some((line) => line.includes("finishSecret failed")) || undefined);
    const refused = await errorOf(rotate(Name));
    expect(refused).toBeInstanceOf(InvalidRequestException);
    expect(refused.message).toContain("previous rotation isn't complete");
    // The same call again is the same rotation.
    expect((await rotate(Name, { ClientRequestToken: VersionId })).VersionId).toBe(VersionId);
    // The refused call has had it tried again at once.
    await cloud.rotateDue();
    failing = () => false;
    aheadMs += 60_000;
    await cloud.rotateDue();
    expect((await read(Name)).VersionId).toBe(VersionId);
    expect(new Set(events.map(({ ClientRequestToken }) => ClientRequestToken))).toEqual(new Set([VersionId]));
  });

  test("a rotation outlives the cloud: what was begun is finished after a restart", async () => {
    const { Name } = await create();
    failing = ({ Step }) => Step === "testSecret";
    const { VersionId } = await rotate(Name);
    await eventually(() => logged.some((line) => line.includes("testSecret failed")) || undefined);
    await cloud.close();
    failing = () => false;
    aheadMs += 60_000;
    cloud = await start();
    await cloud.rotateDue();
    expect((await read(Name)).VersionId).toBe(VersionId);
  });

  test("a function that ends without making the version current has failed", async () => {
    const { Name } = await create();
    skipped = "finishSecret";
    const { VersionId = "" } = await rotate(Name);
    await eventually(() => logged.some((line) => line.includes("without making the version current")) || undefined);
    const { VersionIdsToStages, LastRotatedDate } = await look(Name);
    expect(VersionIdsToStages?.[VersionId]).toEqual(["AWSPENDING"]);
    expect(LastRotatedDate).toBeUndefined();
    await cloud.rotateDue();
  });

  test("without RotateImmediately only the test step runs, and nothing stays of it", async () => {
    const { Name, VersionId: first } = await create();
    await rotate(Name, { RotateImmediately: false });
    await cloud.rotateDue();
    expect(events.map(({ Step }) => Step)).toEqual(["testSecret"]);
    const { VersionIdsToStages, RotationEnabled, LastRotatedDate } = await look(Name);
    expect(VersionIdsToStages).toEqual({ [first]: ["AWSCURRENT"] });
    expect(RotationEnabled).toBe(true);
    expect(LastRotatedDate).toBeUndefined();
  });
});

describe("by schedule", () => {
  test("it is rotated when it is due and not before, again and again, until that is cancelled", async () => {
    const { Name } = await create();
    await rotate(Name, { RotateImmediately: false, RotationRules: { ScheduleExpression: "rate(10 days)" } });
    await cloud.rotateDue();
    events = [];
    aheadMs += 9 * dayMs;
    await cloud.rotateDue();
    expect(events).toEqual([]);
    for (const _turn of [1, 2]) {
      aheadMs += 11 * dayMs;
      const before = (await read(Name)).VersionId;
      await cloud.rotateDue();
      expect(events).toHaveLength(4);
      expect((await read(Name)).VersionId).not.toBe(before);
      events = [];
    }
    await secrets().send(new CancelRotateSecretCommand({ SecretId: Name }));
    const described = await look(Name);
    expect(described.RotationEnabled).toBe(false);
    expect(described.NextRotationDate).toBeUndefined();
    aheadMs += 100 * dayMs;
    await cloud.rotateDue();
    expect(events).toEqual([]);
    expect(await errorOf(secrets().send(new CancelRotateSecretCommand({ SecretId: Name })))).toBeInstanceOf(
      InvalidRequestException,
    );
  });

  test("one that was given up after five tries is gone on with at the next time", async () => {
    const { Name } = await create();
    failing = () => true;
    const { VersionId } = await rotate(Name);
    for (let turn = 0; turn < 8; turn++) {
      aheadMs += 60_000;
      await cloud.rotateDue();
    }
    expect(events).toHaveLength(5);
    failing = () => false;
    aheadMs += 31 * dayMs;
    await cloud.rotateDue();
    expect((await read(Name)).VersionId).toBe(VersionId);
  });
});

describe("refused", () => {
  test("without a function, without the right to run it, with rules that are none, and for what is not there", async () => {
    const { Name } = await create();
    const none = secrets().send(new RotateSecretCommand({ SecretId: Name }));
    expect(await errorOf(none)).toBeInstanceOf(InvalidRequestException);
    const notMine = secrets(weak).send(new RotateSecretCommand({ SecretId: Name, RotationLambdaARN: lambdaArn }));
    expect((await errorOf(notMine)).name).toBe("AccessDeniedException");
    expect(await errorOf(rotate(Name, { RotationRules: { ScheduleExpression: "rate(1 hour)" } }))).toBeInstanceOf(
      InvalidParameterException,
    );
    expect(await errorOf(rotate("contract/none"))).toBeInstanceOf(ResourceNotFoundException);
    await secrets().send(new DeleteSecretCommand({ SecretId: Name }));
    expect(await errorOf(rotate(Name))).toBeInstanceOf(InvalidRequestException);
    expect(events).toEqual([]);
  });
});

describe("a random password", () => {
  test("has the length and the kinds of characters that were asked for", async () => {
    const made = async (input: GetRandomPasswordCommand["input"]) =>
      (await secrets().send(new GetRandomPasswordCommand(input))).RandomPassword ?? "";
    expect(await made({})).toMatch(/^[!-~]{32}$/);
    expect(await made({ PasswordLength: 64, ExcludePunctuation: true })).toMatch(
      /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z\d]{64}$/,
    );
    expect(await made({ PasswordLength: 200, ExcludeCharacters: "abc01", ExcludePunctuation: true })).not.toMatch(
      /[abc01]/,
    );
    expect(new Set(await Promise.all(Array.from({ length: 10 }, () => made({ PasswordLength: 20 })))).size).toBe(10);
    expect(await errorOf(made({ PasswordLength: 2 }))).toBeInstanceOf(InvalidRequestException);
  });
});
