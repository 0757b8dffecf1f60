import { spawn } from "node:child_process";
import { createPublicKey, randomBytes, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateAliasCommand, CreateKeyCommand, GetPublicKeyCommand } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { GetParameterHistoryCommand } from "@aws-sdk/client-ssm";
import { type Clients, createClients } from "@steward/aws/clients";
import { getParameter, putParameter } from "@steward/aws/parameters";
import { createSigner } from "@steward/aws/kms-signer";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { truststoreSchema } from "@steward/contracts/stage-parameters";
import { issueCaCertificate } from "@steward/control/issue-certificate";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { configFolder, type Ended, steward } from "../../packages/cli/test/run-steward.ts";
import { initCertificates } from "../../scripts/stage/init-certificates.ts";
import { requireOrSkip } from "../support/require.ts";
import { type Door, openDoor } from "./support/door.ts";
import { hasMoto, startMoto } from "./support/start-moto.ts";

const region = "eu-central-1";
const program = fileURLToPath(new URL("../../scripts/stage/cert-init.ts", import.meta.url));
const operator = {
  accessKeyId: "LOCALOPERATOR",
  secretAccessKey: randomBytes(30).toString("base64url"),
  principal: "operator",
  grants: [{ actions: ["*"], resources: ["*"] }],
};

let cloud: Cloud;
let door: Door;
let clients: Clients;
let config: Awaited<ReturnType<typeof configFolder>>;
const stateDir = mkdtempSync(join(tmpdir(), "steward-cert-init-"));
let stages = 0;

beforeAll(async () => {
  door = await openDoor(() => cloud.endpoint);
  cloud = await startCloud({ stateDir, stage: "unused", credentials: [operator], allowedHosts: [door.host] });
  clients = createClients({ region, credentials: operator, endpointUrl: cloud.endpoint });
  config = await configFolder();
});
afterAll(async () => {
  await door?.close();
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
  await config?.remove();
});
afterEach(() => {
  door.calls.length = 0;
  door.before = () => undefined;
  door.after = () => "answer";
});

const env = () => ({
  AWS_ENDPOINT_URL: door.url,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: operator.accessKeyId,
  AWS_SECRET_ACCESS_KEY: operator.secretAccessKey,
});
const run = (stage: string, ...more: string[]): Promise<Ended> =>
  steward(["cert", "init", "--stage", stage, ...more], { config: config.folder, env: env() });

/** What the stacks make of a stage that certificates need: the issuing key and the bucket. */
async function newStage({ bucket = true, versioned = true } = {}): Promise<string> {
  stages += 1;
  const stage = `s${stages}`;
  const { KeyMetadata } = await clients.kms.send(
    new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
  );
  const TargetKeyId = KeyMetadata?.KeyId ?? "";
  await clients.kms.send(new CreateAliasCommand({ AliasName: resourceNames(stage).keyAlias("issuer"), TargetKeyId }));
  const Bucket = bucketNames(stage, localAccount).truststore;
  if (!bucket) return stage;
  await clients.s3.send(new CreateBucketCommand({ Bucket }));
  if (versioned) await clients.s3.send(versioning(Bucket));
  return stage;
}

function versioning(Bucket: string): PutBucketVersioningCommand {
  return new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
}

/** What there is of a stage: the CA, what the parameter names, and what that version of the truststore holds. */
async function found(stage: string, from: Clients = clients, account = localAccount) {
  const names = resourceNames(stage);
  const ca = await getParameter(from.ssm, names.parameter("ca-certificate"));
  const text = await getParameter(from.ssm, names.parameter("truststore"));
  const truststore = text === undefined ? undefined : truststoreSchema.parse(JSON.parse(text));
  const Bucket = bucketNames(stage, account).truststore;
  const { Body } = await from.s3.send(
    new GetObjectCommand({
      Bucket,
      Key: "truststore.pem",
      ...(truststore === undefined ? {} : { VersionId: truststore.version }),
    }),
  );
  return { ca, truststore, pem: await Body?.transformToString() };
}

/** Everything is there and fits together, and was written once. */
async function expectWhole(stage: string): Promise<void> {
  const { ca, truststore, pem } = await found(stage);
  expect(truststore?.uri).toBe(`s3://${bucketNames(stage, localAccount).truststore}/truststore.pem`);
  expect(pem).toBe(ca);
  const certificate = new X509Certificate(ca ?? "");
  const { PublicKey } = await clients.kms.send(
    new GetPublicKeyCommand({ KeyId: resourceNames(stage).keyAlias("issuer") }),
  );
  const issuer = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" });
  expect(certificate.verify(issuer)).toBe(true);
  expect(certificate.ca).toBe(true);
  for (const name of ["ca-certificate", "truststore"] as const) {
    const history = await clients.ssm.send(
      new GetParameterHistoryCommand({ Name: resourceNames(stage).parameter(name) }),
    );
    expect(history.Parameters).toHaveLength(1);
  }
}

test("makes CA, truststore and parameter, says so; and run again it changes nothing, and says that", async () => {
  const stage = await newStage();
  const first = await run(stage);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/made\s+CA until 20\d\d-/);
  expect(first.stdout).toContain(`Next: npx sst deploy --stage ${stage}`);
  await expectWhole(stage);

  const again = await run(stage, "--json");
  expect(again.code).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    stage,
    account: localAccount,
    ca: { done: "kept" },
    truststore: { done: "kept" },
    parameter: { done: "kept" },
  });
  expect((await run(stage)).stdout).toContain("nothing was changed");
  await expectWhole(stage);
});

test("killed after any of its writes, it is finished by the next run, with the CA that there is", async () => {
  for (const writes of [1, 2, 3]) {
    const stage = await newStage();
    let left = writes;
    const killed = new Promise<void>((resolve) => {
      const child = spawn(process.execPath, [program, "--stage", stage], { env: env(), stdio: "ignore" });
      child.once("exit", () => resolve());
      door.after = ({ action }) => {
        if (!action.startsWith("Put") && action !== "PUT") return "answer";
        left -= 1;
        if (left > 0) return "answer";
        child.kill("SIGKILL");
        return "lose";
      };
    });
    await killed;
    expect(left).toBe(0);
    door.after = () => "answer";
    const before = await getParameter(clients.ssm, resourceNames(stage).parameter("ca-certificate"));
    expect(before).toBeDefined();
    expect((await run(stage)).code).toBe(0);
    expect((await found(stage)).ca).toBe(before);
    await expectWhole(stage);
  }
});

test("an answer that is lost on the way costs nothing: the same call is made again, and finds its own work", async () => {
  const stage = await newStage();
  const lost = new Set<string>();
  door.after = ({ action, about }) => {
    const write = action === "PUT" ? about : action === "PutParameter" ? about.slice(0, 60) : undefined;
    if (write === undefined || lost.has(write)) return "answer";
    lost.add(write);
    return "lose";
  };
  expect(await run(stage)).toMatchObject({ code: 0 });
  expect(lost.size).toBe(3);
  await expectWhole(stage);
});

test("two operators at once end with one CA and one truststore", async () => {
  // Both are let on only when both have seen that there is nothing: at each of the two places where one can lose.
  for (const place of ["ca-certificate", "truststore.pem"]) {
    const stage = await newStage();
    if (place === "truststore.pem") await makeCa(stage);
    const waiting: (() => void)[] = [];
    let seen = 0;
    door.before = ({ action, about }) => {
      const isWrite = (action === "PutParameter" || action === "PUT") && about.includes(place);
      if (!isWrite || seen === 2) return;
      seen += 1;
      if (seen === 2) for (const go of waiting) go();
      else return new Promise<void>((resolve) => waiting.push(resolve));
    };
    const both = await Promise.all([run(stage, "--json"), run(stage, "--json")]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(seen).toBe(2);
    const stored = door.calls.filter(({ action, status }) => action === "PUT" && status === 200);
    expect(stored.filter(({ about }) => about.includes(`-${stage}-`))).toHaveLength(1);
    const [one, other] = both.map(({ stdout }) => JSON.parse(stdout) as Record<string, Record<string, unknown>>);
    expect(one?.["ca"]?.["fingerprint"]).toBe(other?.["ca"]?.["fingerprint"]);
    expect(one?.["truststore"]?.["version"]).toBe(other?.["truststore"]?.["version"]);
    await expectWhole(stage);
  }
});

async function makeCa(stage: string): Promise<string> {
  const issuer = createSigner({ kms: clients.kms, keyAlias: resourceNames(stage).keyAlias("issuer") });
  const pem = await issueCaCertificate(issuer, { name: "Steward", nowMs: Date.now(), days: 10 });
  await putParameter(clients.ssm, resourceNames(stage).parameter("ca-certificate"), pem);
  return pem;
}

test("a truststore without the CA is repaired, and what others put in stays", async () => {
  const stage = await newStage();
  const Bucket = bucketNames(stage, localAccount).truststore;
  const theirs = await makeCa(await newStage());
  const { VersionId } = await clients.s3.send(
    new PutObjectCommand({ Bucket, Key: "truststore.pem", Body: theirs, IfNoneMatch: "*" }),
  );
  const value = JSON.stringify({ uri: `s3://${Bucket}/truststore.pem`, version: VersionId });
  await putParameter(clients.ssm, resourceNames(stage).parameter("truststore"), value);
  expect(JSON.parse((await run(stage, "--json")).stdout)).toMatchObject({
    ca: { done: "made" },
    truststore: { done: "repaired" },
    parameter: { done: "repaired" },
  });
  const { ca, pem } = await found(stage);
  expect(pem).toContain(theirs.trim());
  expect(pem).toContain(ca?.trim());
});

test("a version that holds the CA stays in force, whatever was uploaded since", async () => {
  const stage = await newStage();
  await run(stage);
  const before = await found(stage);
  const Bucket = bucketNames(stage, localAccount).truststore;
  await clients.s3.send(new PutObjectCommand({ Bucket, Key: "truststore.pem", Body: "something else" }));
  expect((await run(stage)).stdout).toContain("nothing was changed");
  expect(await found(stage)).toEqual(before);
});

test("a parameter that names no version is written anew", async () => {
  const stage = await newStage();
  await run(stage);
  const before = await found(stage);
  const name = resourceNames(stage).parameter("truststore");
  for (const text of ["nonsense", JSON.stringify({ ...before.truststore, version: "never-was" })]) {
    await putParameter(clients.ssm, name, text);
    expect(JSON.parse((await run(stage, "--json")).stdout)).toMatchObject({
      truststore: { done: "kept" },
      parameter: { done: "repaired" },
    });
    expect(await found(stage)).toEqual(before);
  }
});

test("a CA of another key is not touched, and not trusted either", async () => {
  const stage = await newStage();
  const other = await makeCa(await newStage());
  await putParameter(clients.ssm, resourceNames(stage).parameter("ca-certificate"), other);
  const { code, stderr } = await run(stage);
  expect(code).toBe(1);
  expect(stderr).toContain("is of another key");
  expect(await getParameter(clients.ssm, resourceNames(stage).parameter("ca-certificate"))).toBe(other);
  expect(await getParameter(clients.ssm, resourceNames(stage).parameter("truststore"))).toBeUndefined();
});

test("what is missing before it is said, with what makes it", async () => {
  const none = await run("nothing-deployed");
  expect(none.code).toBe(1);
  expect(none.stderr).toContain("there is no key alias/steward-nothing-deployed-issuer");
  expect(none.stderr).toContain("→ Deploy this stage's stacks");

  const withoutBucket = await newStage({ bucket: false });
  expect((await run(withoutBucket)).stderr).toContain("→ Deploy this stage's stacks first.");

  const unversioned = await newStage({ versioned: false });
  const { code, stderr } = await run(unversioned);
  expect(code).toBe(1);
  expect(stderr).toContain("keeps no versions");
  expect(await getParameter(clients.ssm, resourceNames(unversioned).parameter("truststore"))).toBeUndefined();
});

test("an example account, a name that cannot be, and credentials that nobody knows are refused before anything", async () => {
  const staging = await run("staging");
  expect(staging.code).toBe(1);
  expect(staging.stderr).toMatch(/the example that the repository comes with|these credentials are of/);

  const wrong = await run("Not_A_Stage");
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain("cannot be a stage's name");

  const unknown = await steward(["cert", "init", "--stage", "anna"], {
    config: config.folder,
    env: { ...env(), AWS_SECRET_ACCESS_KEY: "not-the-secret" },
  });
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain("AWS does not tell whose credentials these are");
  expect(door.calls.filter(({ action }) => action === "PutParameter" || action === "PUT")).toEqual([]);
});

requireOrSkip(
  "moto",
  hasMoto(),
  "Python has no moto server",
)("against moto, an AWS that others wrote", () => {
  test("the same, twice", async () => {
    const account = "123456789012";
    const moto = await startMoto({ account, region });
    try {
      const there = createClients({ region, credentials: operator, endpointUrl: moto.url });
      const stage = "moto";
      const { KeyMetadata } = await there.kms.send(
        new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
      );
      const TargetKeyId = KeyMetadata?.KeyId ?? "";
      await there.kms.send(new CreateAliasCommand({ AliasName: resourceNames(stage).keyAlias("issuer"), TargetKeyId }));
      const Bucket = bucketNames(stage, account).truststore;
      const CreateBucketConfiguration = { LocationConstraint: region } as const;
      await there.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
      await there.s3.send(versioning(Bucket));
      const init = () => initCertificates({ stage, account, clients: there, nowMs: () => Date.now() });

      expect(await init()).toMatchObject({
        ca: { done: "made" },
        truststore: { done: "made" },
        parameter: { done: "made" },
      });
      const before = await found(stage, there, account);
      expect(before.pem).toBe(before.ca);
      expect(new X509Certificate(before.ca ?? "").verify(new X509Certificate(before.ca ?? "").publicKey)).toBe(true);
      expect(await init()).toMatchObject({
        ca: { done: "kept" },
        truststore: { done: "kept" },
        parameter: { done: "kept" },
      });
      expect(await found(stage, there, account)).toEqual(before);
    } finally {
      await moto.close();
    }
  });
});
