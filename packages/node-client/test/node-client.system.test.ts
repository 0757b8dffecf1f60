import "reflect-metadata";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import { Pkcs10CertificateRequest } from "@peculiar/x509";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { enrol } from "../src/enrol.ts";
import { certificateLife } from "../src/key-pair.ts";
import { createNodeClient, isUnanswered } from "../src/node-client.ts";
import { type NodesDoor, startNodesDoor } from "./support/nodes-door.ts";

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
  door.on("enrol", async ({ body }) => ({
    nodeId,
    tenantId: providerTenantId,
    kind: "appliance",
    name: "nas",
    certificate: await door.ca.certify((body as { csr: string }).csr, life),
    rootPublicKey,
    nodesUrl: door.nodesUrl,
  }));
  door.on("heartbeat", () => ({
    serverTimeMs: Date.now(),
    nextIntervalSeconds: 60,
    configRevision: 0,
    pendingRuns: [],
  }));
  door.on("renew", async ({ body }) => ({ certificate: await door.ca.certify((body as { csr: string }).csr) }));
});
afterEach(async () => {
  await door.close();
  await rm(dir, { recursive: true, force: true });
});
const enrolHere = (token = "token") => enrol({ apiUrl: door.apiUrl, token, hostname: "nas", stateDir: dir });
const open = () => createNodeClient({ stateDir: dir, serverCa: door.ca.pem });
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
