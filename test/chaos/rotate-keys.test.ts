import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@steward/contracts/canonical";
import { renewalStatement } from "@steward/contracts/certificate";
import type { Client } from "@steward/contracts/client";
import { createClient } from "@steward/contracts/client";
import { envelopeSchema } from "@steward/contracts/envelope";
import { keyRingSchema } from "@steward/contracts/key-ring";
import { type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import type { SignedDocument } from "@steward/contracts/signed";
import type { Session } from "@steward/contracts/session";
import { type TrustDocument, trustDocumentSchema } from "@steward/contracts/trust";
import { renewTrust, rotateKeys, type UseReport } from "@steward/control/rotate-keys";
import { readPair, savePair } from "@steward/node-client/identity";
import { newPrivateKey, requestFor, signWith } from "@steward/node-client/key-pair";
import { createNodeClient, type NodeClient } from "@steward/node-client/node-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parsePayload, verifySigned } from "../../packages/node-client/src/verify-signed.ts";
import { steward } from "../../packages/cli/test/run-steward.ts";
import { demoAppliances } from "../../packages/local/src/demo-fleet.ts";
import { fetchTransport } from "../../packages/local/src/fetch-transport.ts";
import { createRootKey } from "../../packages/local/src/root-key.ts";
import { until as untilTrue } from "../../packages/node-client/test/support/until.ts";
import {
  approve,
  type Installation,
  problemOf,
  startInstallation,
  until,
  untilEnded,
} from "../support/installation.ts";
import { enrolMachine } from "../support/own-appliance.ts";
import { Killed, type Rotator, rotatorOf } from "../support/rotation.ts";

const minute = 60_000;
const day = 1440 * minute;
const appliance = demoAppliances(4).find(({ tenant }) => tenant === "acme")?.name ?? "";
let installation: Installation;
let folder: string;
let rotator: Rotator;
/** The latest of acme's admin: each refresh token is good for one renewal. */
let session: Session | undefined;

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
async function rotate(rotation: Rotator, input: Parameters<typeof rotateKeys>[1]): Promise<UseReport[]> {
  const lateMs = Date.now() + 20_000;
  for (;;) {
    const reports = await rotateKeys(rotation.deps, input);
    if (reports.every(({ waitsFor }) => waitsFor?.what !== "door") || Date.now() > lateMs) return reports;
    await rotation.deps.pause(100);
  }
}

/**
 * What the rotator's clock passes, and ours does not: functions look at their parameters anew after a minute, and at
 * their keys after five. New processes do so at once. The cloud goes with them: as on AWS, the polls of a process that
 * died would take the next messages with them for as long as these stay hidden.
 */
async function forget(): Promise<void> {
  const { stack } = installation;
  const before = stack.pids();
  stack.kill("host");
  stack.kill("cloud");
  await untilTrue("host and cloud are others", () => {
    const now = stack.pids();
    return now.host !== before.host && now.cloud !== before.cloud;
  });
  await stack.up("cloud");
  await stack.up("host");
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
  const { refreshToken, tenantId } = { ...installation.stack.profileOf("acme"), ...session };
  const anybody = createClient({ baseUrl: installation.stack.apiUrl, transport: fetchTransport });
  session = await anybody("refreshSession", { body: { refreshToken: refreshToken ?? "" } });
  const { accessToken } = session;
  return createClient({
    baseUrl: installation.stack.apiUrl,
    transport: fetchTransport,
    headers: () => ({ authorization: `Bearer ${accessToken}`, "steward-tenant": tenantId ?? "" }),
  });
}

async function expectFleet(call: Client): Promise<void> {
  const health = async () => {
    const { items } = await call("listNodes", { query: { kind: "appliance" } });
    return items.filter(({ name }) => name === appliance).map((one) => one.health);
  };
  // Two seconds without a beat, on a machine with much to do, and it is offline for a moment.
  await expect.poll(health, { timeout: 20_000 }).toEqual(["healthy"]);
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

async function ringOf(rotator: Rotator, use: SigningKeyUse) {
  const text = await rotator.deps.parameters.get(installation.names.parameter(`key-ring/${use}`));
  return keyRingSchema.parse(JSON.parse(text ?? "")).keys;
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
    [before["seal"] ?? "", await signingNow(rotator, "seal")].toSorted(),
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
  const old = await readPair(installation.machineDir(name), "current");
  const csr = await requestFor(key);
  const fingerprint = sha256Hex(new X509Certificate(old.certificate ?? "").raw);
  const proof = signWith(old.key ?? "", renewalStatement({ use: "renew", fingerprint, csr }));
  const { certificate } = await client.call("renew", { body: { csr, proof } });
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
  await untilTrue("the door has loaded the truststore", async () => (await rotator.deps.doorTruststore()) === version);
  const stranger = await installation.machine(late);
  expect((await problemOf(stranger.call("pendingRuns", {}))).code).toBe("unavailable");
  await Promise.all([fresh.close(), another.close()]);
});

/** A machine that nobody's agent works for: what is sent to it waits. */
async function sentTo(
  machine: NodeClient,
  name: string,
  call: Client,
): Promise<{ runId: string; document: SignedDocument }> {
  const { runs: known } = await machine.call("pendingRuns", {});
  await submit(call, name);
  let runId: string | undefined;
  await untilTrue("the run was sent", async () => {
    const { runs } = await machine.call("pendingRuns", {});
    runId = runs.find((one) => !known.includes(one));
    return runId !== undefined;
  });
  const document = await machine.call("getEnvelope", { params: { runId: runId ?? "" } });
  return { runId: runId ?? "", document };
}

function verdicts({ document, trust }: { document: SignedDocument; trust: TrustDocument }) {
  const envelope = verifySigned(document, "steward-envelope-v1", trust.keys.dispatch);
  const { approval } = envelopeSchema.parse(parsePayload(new Uint8Array(Buffer.from(document.payload, "base64"))));
  const approved = verifySigned(approval, "steward-approval-v1", trust.keys.approval);
  return { envelope: envelope.ok, approval: approved.ok };
}

it("a compromised key is out at once, and with it what it signed; the others' signatures hold", async () => {
  const call = await signedInAnew();
  const machine = await enrolIdle(call);
  const before = await sentTo(machine, "idle", call);
  expect(verdicts({ document: before.document, trust: (await trustNow(rotator)).trust })).toEqual({
    envelope: true,
    approval: true,
  });

  const stolen = await signingNow(rotator, "dispatch");
  await rotate(rotator, { uses: ["dispatch"], compromised: "laptop stolen" });
  const { trust } = await trustNow(rotator);
  expect(trust.keys.dispatch.map(({ keyId }) => keyId)).toEqual([await signingNow(rotator, "dispatch")]);
  expect(trust.keys.dispatch[0]?.keyId).not.toBe(stolen);
  // The command is refused, and its approval is as good as ever.
  expect(verdicts({ document: before.document, trust })).toEqual({ envelope: false, approval: true });
  // The function had the old key in mind: KMS refuses it, and the new one signs within the same call.
  const after = await sentTo(machine, "idle", call);
  expect(verdicts({ document: after.document, trust })).toEqual({ envelope: true, approval: true });

  await rotate(rotator, { uses: ["approval"], compromised: "laptop stolen" });
  const withoutApproval = (await trustNow(rotator)).trust;
  expect(verdicts({ document: after.document, trust: withoutApproval })).toEqual({ envelope: true, approval: false });

  const { keyId: releaseKey } = await machine.call("getRelease", {});
  await rotate(rotator, { uses: ["release", "seal"], compromised: "laptop stolen" });
  const last = (await trustNow(rotator)).trust;
  expect(last.keys.release.map(({ keyId }) => keyId)).toEqual([await signingNow(rotator, "release")]);
  expect(last.keys.seal.map(({ keyId }) => keyId)).toContain(await signingNow(rotator, "seal"));
  expect(last.keys.release[0]?.keyId).not.toBe(releaseKey);

  await rotate(rotator, { uses: ["token"], compromised: "laptop stolen" });
  await forget();
  expect((await problemOf(call("listNodes", { query: {} }))).code).toBe("unauthenticated");
  const anew = await signedInAnew();
  await expect(anew("listNodes", { query: {} })).resolves.toBeDefined();
  const release = await machine.call("getRelease", {});
  expect(verifySigned(release, "steward-release-v1", last.keys.release).ok).toBe(true);
});

async function enrolIdle(call: Client): Promise<NodeClient> {
  const stateDir = installation.machineDir("idle");
  mkdirSync(stateDir, { recursive: true });
  await enrolMachine(installation, call, { kind: "appliance", name: "idle", stateDir });
  return installation.machine("idle");
}

it("killed after any of its writes, a rotation goes on where it stopped; who signs is known at every moment", async () => {
  const uses = ["dispatch", "release", "token", "issuer"] as const;
  for (let writes = 0, finished = false; !finished; writes += 3) {
    const dying = await rotatorOf(installation, 50);
    dying.killAfter(writes);
    finished = await rotateKeys(dying.deps, { uses: uses.slice(0, 3), compromised: `killed after ${writes}` }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Killed) return false;
        throw error;
      },
    );
    const { trust } = await trustNow(rotator);
    for (const use of ["dispatch", "release"] as const)
      expect(trust.keys[use].map(({ keyId }) => keyId)).toContain(await signingNow(rotator, use));
    expect((await ringOf(rotator, "token")).map(({ keyId }) => keyId)).toContain(await signingNow(rotator, "token"));
    const heir = await rotatorOf(installation, 50);
    await rotateKeys(heir.deps, { uses: uses.slice(0, 3) });
    for (const use of uses.slice(0, 3)) {
      const live = (await ringOf(rotator, use)).filter(({ state }) => state !== "previous");
      // One that was killed before it had said that the key is compromised has done nothing yet.
      expect(live.filter(({ state }) => state === "current").map(({ keyId }) => keyId)).toEqual([
        await signingNow(rotator, use),
      ]);
    }
  }
  await forget();
  await expectRunOn(await signedInAnew());
});

async function expectRunOn(call: Client): Promise<void> {
  const machine = await createNodeClient({
    stateDir: installation.machineDir("idle"),
    serverCa: installation.serverCa,
  });
  const { document } = await sentTo(machine, "idle", call);
  expect(verdicts({ document, trust: (await trustNow(rotator)).trust })).toEqual({ envelope: true, approval: true });
  await machine.close();
}

it("two who rotate at once make one key", async () => {
  const [one, other] = [await rotatorOf(installation, 10_000), await rotatorOf(installation, 10_000)];
  one.passTime(10 * day);
  other.passTime(10 * day);
  await rotateKeys(one.deps, { uses: ["approval"] });
  const before = (await ringOf(rotator, "approval")).length;
  const both = await Promise.all([one, other].map((who) => rotateKeys(who.deps, { uses: ["approval"] })));
  expect(both.map(waits)).toEqual([{ approval: "everybody knows" }, { approval: "everybody knows" }]);
  expect(both.flat().flatMap(({ did }) => did.filter((what) => what.startsWith("made"))).length).toBeLessThan(2);
  expect((await ringOf(rotator, "approval")).length).toBeLessThanOrEqual(before + 1);
});

it("another root than the stage's signs nothing", async () => {
  const { version } = (await trustNow(rotator)).trust;
  const stranger = createRootKey(join(folder, "stranger.pem"));
  const deps = { ...(await rotatorOf(installation)).deps, root: () => stranger };
  await expect(renewTrust(deps, { always: true })).rejects.toMatchObject({ code: "invalid_request" });
  await expect(rotateKeys(deps, { uses: ["seal"], compromised: "x" })).rejects.toMatchObject({
    code: "invalid_request",
  });
  expect((await trustNow(rotator)).trust.version).toBe(version);
  // What it had prepared is what the right root goes on with.
  expect(waits(await rotate(rotator, { uses: ["seal"] }))).toEqual({ seal: undefined });
});

it("the command tells, rotates, renews the trust document, and makes a root", async () => {
  const at = ["--state-dir", installation.stack.stateDir];
  const run = (...args: string[]) => steward([...args], { config: folder });
  const listed = await run("keys", "ls", ...at, "--json");
  expect(listed.code).toBe(0);
  const { uses } = JSON.parse(listed.stdout) as { uses: { use: string; keys: { state: string }[] }[] };
  expect(uses.map(({ use }) => use)).toEqual([...signingKeyUses]);
  const told = await run("keys", "ls", ...at);
  expect(told.stdout).toMatch(/USE +KEY +STATE/);

  const { version } = (await trustNow(rotator)).trust;
  const renewed = await run("keys", "trust", ...at, "--renew", "--json");
  expect(JSON.parse(renewed.stdout)).toMatchObject({ renewed: true, version: version + 1 });
  expect(JSON.parse((await run("keys", "trust", ...at, "--json")).stdout)).toMatchObject({ renewed: false });

  const rotated = await run("keys", "rotate", "token", ...at);
  expect(rotated.stderr).toBe("");
  expect(rotated.stdout).toMatch(/Waits until everybody knows the new key: \d{4}-/);
  expect((await run("keys", "rotate", "everything", ...at)).code).toBe(2);
  expect((await run("keys", "rotate", "token", ...at, "--now")).code).toBe(2);

  const file = join(folder, "offline", "root.pem");
  const passphrase = join(folder, "passphrase");
  writeFileSync(passphrase, "five random words make it\n");
  const made = await run("keys", "root", file, "--passphrase-file", passphrase, "--json");
  expect(JSON.parse(made.stdout)).toMatchObject({ made: true, encrypted: true });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, "utf8")).toContain("ENCRYPTED");
  const shown = await run("keys", "root", "show", file, "--passphrase-file", passphrase, "--json");
  const { fingerprint } = JSON.parse(made.stdout) as { fingerprint: string };
  expect(JSON.parse(shown.stdout)).toMatchObject({ fingerprint });
  const inTree = await run("keys", "root", join(import.meta.dirname, "root.pem"), "--passphrase-file", passphrase);
  expect(inTree.code).not.toBe(0);
  expect(inTree.stderr).toContain("work tree");
  const wrong = await run("keys", "rotate", "seal", ...at, "--root-key", file, "--passphrase-file", passphrase);
  expect(wrong.stderr).toContain("another root key");
});
