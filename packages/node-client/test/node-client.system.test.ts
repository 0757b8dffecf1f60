import "reflect-metadata";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync, verify, X509Certificate } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { sha256Hex } from "@steward/contracts/canonical";
import { renewalStatement } from "@steward/contracts/certificate";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { enrol } from "../src/enrol.ts";
import { startHeartbeats } from "../src/heartbeats.ts";
import { certificateLife } from "../src/key-pair.ts";
import { createNodeClient, isUnanswered } from "../src/node-client.ts";
import { type NodesDoor, startNodesDoor } from "./support/nodes-door.ts";
import { createVirtualClock } from "./support/virtual-clock.ts";

const nodeId = newId("appliance", 1);
const root = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "der" });
const rootPublicKey = root.toString("base64");
const beat = {
  sequence: 1,
  intervalSeconds: 60,
  metrics: { cpuPercent: 0, memoryPercent: 0, diskPercent: 0, loadAverage1m: 0, uptimeSeconds: 0 },
  agentVersion: "1",
  configRevision: 0,
};
const dayMs = 86_400_000;

let dir = "";
let door: NodesDoor;
let life = { from: -60_000, to: dayMs };
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "steward-node-"));
  door = await startNodesDoor();
  life = { from: -60_000, to: dayMs };
  door.admits({ nodeId, kind: "appliance", name: "nas", rootPublicKey, life: () => life });
  door.on("renewExpired", async ({ body }) => ({ certificate: await door.ca.certify((body as { csr: string }).csr) }));
  door.on("renew", async ({ body }) => ({ certificate: await door.ca.certify((body as { csr: string }).csr) }));
});
afterEach(async () => {
  await door.close();
  await rm(dir, { recursive: true, force: true });
});
const enrolHere = (token = "token") => enrol({ apiUrl: door.apiUrl, token, hostname: "nas", stateDir: dir });
const open = (wallMs: () => number = Date.now) => createNodeClient({ stateDir: dir, serverCa: door.ca.pem, wallMs });
const keyIn = (csr: string) => Buffer.from(new Pkcs10CertificateRequest(csr).publicKey.rawData).toString("hex");
const keysSent = () =>
  door
    .callsOf("enrol")
    .map(({ body }) =>
      Buffer.from(new Pkcs10CertificateRequest((body as { csr: string }).csr).publicKey.rawData).toString("hex"),
    );

describe("enrolment", () => {
  it("sends a token to no other machine in the clear, and follows to no door without certificates", async () => {
    for (const apiUrl of ["http://steward.example", "http://127.0.0.1.steward.example", "nas"]) {
      await expect(enrol({ apiUrl, token: "token", hostname: "nas", stateDir: dir })).rejects.toMatchObject({
        code: "invalid_request",
      });
    }
    expect(await readdir(dir)).toEqual([]);
    door.on("enrol", async ({ body }) => ({
      nodeId,
      tenantId: providerTenantId,
      kind: "appliance",
      name: "nas",
      certificate: await door.ca.certify((body as { csr: string }).csr, life),
      rootPublicKey,
      nodesUrl: "http://127.0.0.1:1",
    }));
    await expect(enrolHere()).rejects.toMatchObject({ code: "certificate_refused" });
    expect(await readdir(dir)).not.toContain("node.json");
  });

  it("ends with a certificate that the nodes door takes, in files of the owner only", async () => {
    const node = await enrolHere();
    expect(node).toMatchObject({ nodeId, name: "nas", keyFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    for (const file of await readdir(dir)) expect((await stat(join(dir, file))).mode & 0o777, file).toBe(0o600);
    const client = await open();
    expect(await client.call("heartbeat", { body: beat })).toMatchObject({ nextIntervalSeconds: 60 });
    expect(door.callsOf("heartbeat")[0]?.certificate).toBe(client.certificate().fingerprint);
    await client.close();
  });

  it("sends the same key again when the reply was lost", async () => {
    door.loseReplies("enrol", 1);
    await expect(enrolHere()).rejects.toMatchObject({ code: "unavailable" });
    await enrolHere();
    await enrolHere();
    expect(keysSent()).toHaveLength(2);
    expect(new Set(keysSent()).size).toBe(1);
  });

  it("refuses a root that the token does not name, and another token for an enrolled machine", async () => {
    await expect(enrolHere(`token.${"0".repeat(64)}`)).rejects.toMatchObject({ code: "certificate_refused" });
    await expect(open()).rejects.toMatchObject({ code: "unauthenticated", next: expect.stringContaining("enrol") });
    await enrolHere(`token.${sha256Hex(new Uint8Array(root))}`);
    expect(door.callsOf("enrol").map(({ body }) => (body as { token: string }).token)).toEqual(["token", "token"]);
    await expect(enrolHere("another")).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("the client", () => {
  it("tells a lost call from a refusal, and never trusts a door with another CA", async () => {
    await enrolHere();
    const client = await open();
    door.loseReplies("heartbeat", 1);
    const lost = await client.call("heartbeat", { body: beat }).catch((error: unknown) => error);
    expect(isUnanswered(lost)).toBe(true);
    door.on("heartbeat", () => {
      throw new AppError("stale_sequence", "older", { details: { storedSequence: 7 } });
    });
    const refused = await client.call("heartbeat", { body: beat }).catch((error: unknown) => error);
    expect(isUnanswered(refused)).toBe(false);
    expect(refused).toMatchObject({ code: "stale_sequence", details: { storedSequence: 7 } });
    await client.close();
    const stranger = await createNodeClient({ stateDir: dir });
    const calls = door.calls.length;
    expect(isUnanswered(await stranger.call("heartbeat", { body: beat }).catch((error: unknown) => error))).toBe(true);
    expect(door.calls).toHaveLength(calls);
    await stranger.close();
  });
});

describe("renewal", () => {
  it("comes at two thirds of the life, over the old certificate, and is kept once the new one has beaten", async () => {
    life = { from: -3 * dayMs, to: dayMs };
    await enrolHere();
    const client = await open();
    const old = client.certificate().fingerprint;
    client.serverClock.observe(Date.now(), performance.now());
    await client.tendCertificate();
    expect(door.callsOf("renew")[0]?.certificate).toBe(old);
    expect(client.certificate().fingerprint).not.toBe(old);
    expect(await readdir(dir)).toContain("next.pem");
    await client.call("heartbeat", { body: beat });
    expect(door.callsOf("heartbeat")[0]?.certificate).toBe(client.certificate().fingerprint);
    await client.tendCertificate();
    expect(await readdir(dir)).not.toContain("next.pem");
    expect(certificateLife(await readFile(join(dir, "current.pem"), "utf8")).fingerprint).not.toBe(old);
    await client.close();
  });

  it("is proven with the old key: its signature names the certificate and this very request", async () => {
    life = { from: -3 * dayMs, to: dayMs };
    await enrolHere();
    const client = await open();
    const old = new X509Certificate(await readFile(join(dir, "current.pem"), "utf8"));
    client.serverClock.observe(Date.now(), performance.now());
    await client.tendCertificate();
    const { csr, proof } = door.callsOf("renew").map(({ body }) => body as { csr: string; proof: string })[0] ?? {
      csr: "",
      proof: "",
    };
    const fingerprint = sha256Hex(new Uint8Array(old.raw));
    const statement = renewalStatement({ use: "renew", fingerprint, csr });
    expect(verify("sha256", statement, old.publicKey, Buffer.from(proof, "base64"))).toBe(true);
    await client.close();
  });

  it("asks again with the same key after a lost reply, and goes back when the new certificate is refused", async () => {
    life = { from: -3 * dayMs, to: dayMs };
    await enrolHere();
    const first = await open();
    const old = first.certificate().fingerprint;
    first.serverClock.observe(Date.now(), performance.now());
    door.loseReplies("renew", 1);
    await first.tendCertificate();
    expect(first.certificate().fingerprint).toBe(old);
    const key = await readFile(join(dir, "next.pem"), "utf8");
    await first.tendCertificate();
    expect(await readFile(join(dir, "next.pem"), "utf8")).toContain(key);
    await first.close();

    // A kill before the new certificate has beaten: the next life tries it first, and returns to the old one.
    const second = await open();
    expect(second.certificate().fingerprint).not.toBe(old);
    expect(await second.goBackToOldCertificate()).toBe(true);
    expect(second.certificate().fingerprint).toBe(old);
    expect(await second.goBackToOldCertificate()).toBe(false);
    await second.close();
  });
});

describe("a machine that was off while its certificate ended", () => {
  const failing = async (client: Awaited<ReturnType<typeof open>>) =>
    client.call("heartbeat", { body: beat }).then(
      () => {
        throw new Error("the door let it in");
      },
      (error: unknown) => error,
    );
  type Late = { certificate: string; csr: string; signedAtMs: number; proof: string };
  const asked = () => door.callsOf("renewExpired").map(({ body }) => body as Late);

  it("comes back by itself, with a new key that the old one vouches for", async () => {
    life = { from: -90 * dayMs, to: -60 * dayMs };
    await enrolHere();
    const client = await open();
    const old = new X509Certificate(await readFile(join(dir, "current.pem"), "utf8"));
    const stop = new AbortController();
    const heartbeats = startHeartbeats({
      client,
      sequence: { next: async () => 1, continueAbove: () => {} },
      collect: () => ({ metrics: beat.metrics, agentVersion: "1", configRevision: 0 }),
      onAnswer: () => stop.abort(),
      log: () => {},
      signal: stop.signal,
      // What it waits for between tries passes at once.
      clock: createVirtualClock().clock,
    });
    await heartbeats.ended;
    expect(door.callsOf("heartbeat").map(({ certificate }) => certificate)).toEqual([client.certificate().fingerprint]);
    const [late] = asked();
    if (late === undefined) throw new Error("nothing was asked");
    const { csr, signedAtMs } = late;
    const fingerprint = sha256Hex(new Uint8Array(old.raw));
    const statement = renewalStatement({ use: "renew-expired", fingerprint, csr, signedAtMs });
    expect(verify("sha256", statement, old.publicKey, Buffer.from(late.proof, "base64"))).toBe(true);
    expect(new X509Certificate(late.certificate).raw).toEqual(old.raw);
    expect(keyIn(csr)).not.toBe(keysSent()[0]);
    // It has beaten, so it is kept.
    expect(await readdir(dir)).not.toContain("next.pem");
    await client.close();
  });

  it("whose clock is wrong signs again with the time that it is told", async () => {
    life = { from: -90 * dayMs, to: -60 * dayMs };
    await enrolHere();
    const serverTimeMs = Date.now();
    door.on("renewExpired", async ({ body }) => {
      const late = body as Late;
      if (late.signedAtMs !== serverTimeMs)
        throw new AppError("expired", "too long ago", { details: { serverTimeMs } });
      return { certificate: await door.ca.certify(late.csr) };
    });
    // Without a battery: the day after it was switched off.
    const client = await open(() => Date.now() - 65 * dayMs);
    const error = await failing(client);
    expect(await client.recoverCertificate({ error, failures: 10 })).toBe(true);
    expect(asked().map(({ signedAtMs }) => signedAtMs === serverTimeMs)).toEqual([false, true]);
    await client.call("heartbeat", { body: beat });
    await client.close();
  });

  it("asks with the same key after a lost reply, and keeps the old one until it has an answer", async () => {
    life = { from: -90 * dayMs, to: -60 * dayMs };
    await enrolHere();
    const client = await open();
    const error = await failing(client);
    const old = await readFile(join(dir, "current.pem"), "utf8");
    door.loseReplies("renewExpired", 2);
    expect(await client.recoverCertificate({ error, failures: 1 })).toBe(false);
    expect(await client.recoverCertificate({ error, failures: 2 })).toBe(false);
    await client.close();
    const next = await open();
    expect(await readFile(join(dir, "current.pem"), "utf8")).toBe(old);
    expect(await next.recoverCertificate({ error, failures: 1 })).toBe(true);
    expect(new Set(asked().map(({ csr }) => keyIn(csr))).size).toBe(1);
    // The new one is the only way on: it is not thrown away for the old one that has ended.
    expect(await next.goBackToOldCertificate()).toBe(false);
    await next.close();
  });

  it("goes on from a renewal that was interrupted before it was off", async () => {
    life = { from: -90 * dayMs, to: -60 * dayMs };
    await enrolHere();
    door.on("renewExpired", async ({ body }) => ({
      certificate: await door.ca.certify((body as Late).csr, { from: -50 * dayMs, to: -20 * dayMs }),
    }));
    const first = await open();
    const error = await failing(first);
    await first.recoverCertificate({ error, failures: 1 });
    const second = first.certificate().fingerprint;
    await first.close();
    door.on("renewExpired", async ({ body }) => ({ certificate: await door.ca.certify((body as Late).csr) }));
    const client = await open();
    expect(client.certificate().fingerprint).toBe(second);
    expect(await client.recoverCertificate({ error, failures: 1 })).toBe(true);
    expect(sha256Hex(new Uint8Array(new X509Certificate(asked().at(-1)?.certificate ?? "").raw))).toBe(second);
    await client.call("heartbeat", { body: beat });
    await client.close();
  });

  it("is not what one thinks whose door is only down", async () => {
    await enrolHere();
    const client = await open();
    door.loseReplies("heartbeat", 1);
    const error = await failing(client);
    for (let failures = 1; failures < 10; failures += 1) {
      expect(await client.recoverCertificate({ error, failures })).toBe(false);
    }
    expect(asked()).toEqual([]);
    await client.close();
  });
});
