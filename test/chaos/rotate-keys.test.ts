import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@steward/contracts/client";
import { createClient } from "@steward/contracts/client";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import type { SignedDocument } from "@steward/contracts/signed";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";
import { rotateKeys, type UseReport } from "@steward/control/rotate-keys";
import { savePair } from "@steward/node-client/identity";
import { newPrivateKey, requestFor } from "@steward/node-client/key-pair";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { demoAppliances } from "../../packages/local/src/demo-fleet.ts";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { until as untilTrue } from "../../packages/node-client/test/support/until.ts";
import {
  approve,
  type Installation,
  problemOf,
  startInstallation,
  until,
  untilEnded,
} from "../support/installation.ts";
import { type Rotator, rotatorOf } from "../support/rotation.ts";

const minute = 60_000;
const day = 1440 * minute;
const appliance = demoAppliances(4).find(({ tenant }) => tenant === "acme")?.name ?? "";
let installation: Installation;
let folder: string;
let rotator: Rotator;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "steward-keys-"));
  installation = await startInstallation({ appliances: 4 });
  rotator = await rotatorOf(installation);
});
afterAll(async () => {
  await installation.close();
  rmSync(folder, { recursive: true, force: true });
});

const waits = (reports: readonly UseReport[]) =>
  Object.fromEntries(reports.map(({ use, waitsFor }) => [use, waitsFor?.what]));

/** Goes on until nothing but the clock is in the way: the door reloads by itself. */
async function rotate(rotator: Rotator, input: Parameters<typeof rotateKeys>[1]): Promise<UseReport[]> {
  const lateMs = Date.now() + 20_000;
  for (;;) {
    const reports = await rotateKeys(rotator.deps, input);
    if (reports.every(({ waitsFor }) => waitsFor?.what !== "door") || Date.now() > lateMs) return reports;
    await rotator.deps.pause(100);
  }
}

/**
 * What the rotator's clock passes, and ours does not: functions look at their parameters anew after a minute, and at
 * their keys after five. New processes do so at once.
 */
async function forget(): Promise<void> {
  const before = installation.stack.pids().host;
  installation.stack.kill("host");
  await untilTrue("the host is another", () => installation.stack.pids().host !== before);
  await installation.stack.up("host");
}

/** A change that somebody asks for and approves. */
async function submit(call: Client, target: string) {
  const made = await call("submitTask", {
    body: { steps: [{ action: "service.restart", variables: { service: "smbd" } }], targets: [target] },
    idempotencyKey: crypto.randomUUID(),
  });
  return approve(call, await until(call, made.id, "awaiting_approval"));
}

async function expectRun(call = installation.as("acme")): Promise<void> {
  const { id } = await submit(call, appliance);
  expect((await untilEnded(call, id)).status).toMatch(/^(succeeded|simulated)$/);
}

/** The admin of acme, with a session that is renewed as a program would. */
async function signedInAnew(): Promise<Client> {
  const { refreshToken, tenantId } = installation.stack.profileOf("acme");
  const anybody = createClient({ baseUrl: installation.stack.apiUrl, transport: fetchTransport });
  const { accessToken } = await anybody("refreshSession", { body: { refreshToken } });
  return createClient({
    baseUrl: installation.stack.apiUrl,
    transport: fetchTransport,
    headers: () => ({ authorization: `Bearer ${accessToken}`, "steward-tenant": tenantId ?? "" }),
  });
}

async function expectFleet(call: Client): Promise<void> {
  const { items } = await call("listNodes", { query: { kind: "appliance" } });
  expect(items.filter(({ name }) => name === appliance).map(({ health }) => health)).toEqual(["healthy"]);
}

const fleetLog = () => readFileSync(join(installation.stack.stateDir, "logs", "fleet.log"), "utf8");

/** What the stage says to machines now, past every cache. */
async function trustNow(rotator: Rotator): Promise<{ document: SignedDocument; trust: TrustDocument }> {
  const text = await rotator.deps.parameters.get(installation.names.parameter("trust-document"));
  const document = JSON.parse(text ?? "") as SignedDocument;
  return {
    document,
    trust: trustDocumentSchema.parse(JSON.parse(Buffer.from(document.payload, "base64").toString("utf8"))),
  };
}

async function signingNow(rotator: Rotator, use: SigningKeyUse): Promise<string> {
  return (await rotator.deps.keys.find(installation.names.keyAlias(use)))?.keyId ?? "";
}

const caKeys = async (rotator: Rotator) =>
  (await rotator.deps.parameters.get(installation.names.parameter("ca-certificate")))
    ?.split(/(?<=-----END CERTIFICATE-----)/)
    .filter((one) => one.includes("BEGIN")).length;

it("every key is rotated while the fleet works: no refused heartbeat, no failed run, sessions survive", async () => {
  const acme = installation.as("acme");
  const before = Object.fromEntries(
    await Promise.all(signingKeyUses.map(async (use) => [use, await signingNow(rotator, use)] as const)),
  );
  await expectRun();
  const first = await rotate(rotator, { uses: signingKeyUses });
  expect(waits(first)).toEqual(Object.fromEntries(signingKeyUses.map((use) => [use, "everybody knows"])));
  // Announced by one signature of the root; run again it waits, and makes no other key.
  expect((await trustNow(rotator)).trust.version).toBe(2);
  expect((await rotate(rotator, { uses: signingKeyUses })).flatMap(({ did }) => did)).toEqual([]);
  await expectRun();
  await forget();

  rotator.passTime(30 * minute);
  const second = await rotate(rotator, { uses: signingKeyUses });
  expect(waits(second)).toEqual(Object.fromEntries(signingKeyUses.map((use) => [use, "nothing is shown any more"])));
  for (const use of signingKeyUses) expect(await signingNow(rotator, use)).not.toBe(before[use]);
  await expectRun();
  await forget();
  // With an access token of the old key, and with one of the new.
  await expectRun();
  const anew = await signedInAnew();
  await expectRun(anew);
  const jwks = await installation.raw("/.well-known/jwks.json");
  expect((jwks.body as { keys: { kid: string }[] }).keys.map(({ kid }) => kid)).toContain(before["token"]);

  const others = signingKeyUses.filter((use) => use !== "issuer");
  rotator.passTime(3 * day);
  const third = await rotate(rotator, { uses: others });
  expect(Object.values(waits(third))).toEqual(others.map(() => undefined));
  const { trust } = await trustNow(rotator);
  for (const use of ["dispatch", "approval", "release"] as const)
    expect(trust.keys[use].map(({ keyId }) => keyId)).toEqual([await signingNow(rotator, use)]);
  // Old seals are verified with the old key's public half.
  expect(trust.keys.seal.map(({ keyId }) => keyId).toSorted()).toEqual(
    [before["seal"], await signingNow(rotator, "seal")].toSorted(),
  );
  await forget();
  expect((await problemOf(acme("listNodes", { query: {} }))).code).toBe("unauthenticated");
  await expectRun(await signedInAnew());
  await expectFleet(await signedInAnew());
  expect(fleetLog()).not.toMatch(/run\.refused|certificate_refused|new_one_refused/);
});

/** Renews as a node does: a new key, signed for by the CA of now. */
async function renewed(name: string, client: NodeClient): Promise<NodeClient> {
  const key = newPrivateKey();
  const { certificate } = await client.call("renew", { body: { csr: await requestFor(key) } });
  await savePair(installation.machineDir(name), "next", { key, certificate });
  return createNodeClient({ stateDir: installation.machineDir(name), serverCa: installation.serverCa });
}

it("the CA is rotated and no machine is enrolled again", async () => {
  // Where the rotation before left it: two CAs are trusted, and the new one issues. Wherever it is, it goes on from there.
  expect(waits(await rotate(rotator, { uses: ["issuer"] }))).toEqual({ issuer: "nothing is shown any more" });
  expect(await caKeys(rotator)).toBe(2);
  const call = await signedInAnew();
  const { token } = await call("inviteNode", { body: { kind: "appliance", name: "bystander" } });
  expect(token).not.toBe("");

  // The fleet's machines have certificates of the old CA, and beat with them.
  const old = await installation.machine(appliance);
  await expect(old.call("pendingRuns", {})).resolves.toBeDefined();
  const fresh = await renewed(appliance, old);
  const next = await fresh.call("pendingRuns", {});
  expect(next).toBeDefined();
  const pem = readFileSync(join(installation.machineDir(appliance), "next.pem"), "utf8");
  const certificate = new X509Certificate(pem.slice(pem.indexOf("-----BEGIN CERTIFICATE-----")));
  const signing = await signingNow(rotator, "issuer");
  expect(certificate.issuer).toContain(signing.slice(0, 12));

  // After the longest life of a certificate and its late renewal the old CA goes; the door hears of it by itself.
  rotator.passTime(125 * day);
  expect(waits(await rotate(rotator, { uses: ["issuer"] }))).toEqual({ issuer: undefined });
  expect(await caKeys(rotator)).toBe(1);
  const another = await createNodeClient({
    stateDir: installation.machineDir(appliance),
    serverCa: installation.serverCa,
  });
  await expect(another.call("pendingRuns", {})).resolves.toBeDefined();
  const late = demoAppliances(4).find(({ name }) => name !== appliance)?.name ?? "";
  const { version } = JSON.parse(
    (await rotator.deps.parameters.get(installation.names.parameter("truststore"))) ?? "",
  ) as { version: string };
  await untilTrue(
    "the door has loaded the truststore",
    async () => (await rotator.deps.parameters.get(installation.names.parameter("door-truststore"))) === version,
  );
  const stranger = await installation.machine(late);
  expect((await problemOf(stranger.call("pendingRuns", {}))).code).toBe("unavailable");
  await Promise.all([fresh.close(), another.close()]);
});
