import "reflect-metadata";
import { createHash, X509Certificate } from "node:crypto";
import { gzipSync } from "node:zlib";
import { GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DescribeInstanceInformationCommand } from "@aws-sdk/client-ssm";
import { DeleteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { certificateIdentity } from "@steward/api/callers";
import { createSigner } from "@steward/aws/kms-signer";
import { getParameter } from "@steward/aws/parameters";
import { presenceKey } from "@steward/aws/records/presence-item";
import { renewalStatement } from "@steward/contracts/certificate";
import type { Client } from "@steward/contracts/client";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { workerQueue } from "@steward/contracts/names";
import type { RouteName } from "@steward/contracts/routes";
import { readPair } from "@steward/node-client/identity";
import { newPrivateKey, requestFor, signWith } from "@steward/node-client/key-pair";
import type { NodeClient } from "@steward/node-client/node-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approve, type Installation, problemOf, startInstallation, until } from "../support/installation.ts";
import {
  type Issuer,
  mint,
  type Minted,
  type Profile,
  stageIssuer,
  strangeIssuer,
} from "../support/mint-certificate.ts";
import { atNodesDoor } from "../support/nodes-door.ts";

/*
 * The nodes door of a real installation, and everything that one could show there but a certificate which is in force: made
 * by the stage's own issuing key, with every profile but the right one, or by somebody else.
 */

let installation: Installation;
let acme: Client;
let issuer: Issuer;
let caPem: string;
/** An appliance and a worker that are in. */
let appliance: NodeClient;
let worker: NodeClient;

beforeAll(async () => {
  installation = await startInstallation({
    appliances: 0,
    functionEnv: { STEWARD_RATE_LIMITS: "source=100000/100000,principal=100000/100000,tenant=100000/100000" },
  });
  acme = installation.as("acme");
  appliance = await installation.enrol("appliance", "attic", "acme");
  worker = await installation.enrol("worker", "gpu", "provider");
  const cloud = installation.cloudAs("enrol");
  caPem = (await getParameter(cloud.ssm, installation.names.parameter("ca-certificate"))) ?? "";
  issuer = stageIssuer(createSigner({ kms: cloud.kms, keyAlias: installation.names.keyAlias("issuer") }), caPem);
});
afterAll(() => installation.close());

const uriOf = (tenantId: string, id: string) => `steward://${tenantId}/${id}`;
const ours = (change: Partial<Profile> = {}): Profile => ({
  subject: `CN=${appliance.identity.nodeId}`,
  uris: [uriOf(appliance.identity.tenantId, appliance.identity.nodeId)],
  ...change,
});
const heartbeat = (sequence: number) => ({
  sequence,
  intervalSeconds: 60,
  agentVersion: "1",
  configRevision: 0,
  conditions: [],
  metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 },
});
/** One call of each function behind the door, and one that no route claims to be for machines. */
const calls: [string, string, unknown?][] = [
  ["POST", "/api/v1/heartbeat", heartbeat(1_000_000)],
  ["GET", "/api/v1/trust"],
  ["GET", "/api/v1/runs"],
  ["POST", "/api/v1/renew", { csr: "x", proof: "AAAA" }],
  ["POST", "/api/v1/queue-credentials"],
  ["POST", "/api/v1/certificate-session"],
];

type Shown = { key?: string; certificate?: string };
/** What every call says to whoever shows this: `closed` where TLS let nobody as far as a request. */
async function outcomes(pair: Shown): Promise<string[]> {
  const seen = new Set<string>();
  for (const [method, path, body] of calls) {
    const outcome = await atNodesDoor(installation, pair, method, path, body).then(
      ({ status, code }) => `${status} ${String(code)}`,
      () => "closed",
    );
    seen.add(outcome);
  }
  return [...seen];
}
const refusedByApp = ["401 certificate_refused"];

it("lets in whom it should: what follows is refused for what it is", async () => {
  for (const client of [appliance, worker]) {
    expect(await client.call("getTrust", {})).toMatchObject({ type: "steward-trust-v1" });
  }
});

describe("is shut to", () => {
  it("nobody in particular", async () => {
    expect(await outcomes({})).toEqual(["closed"]);
  });

  it.each<[string, Partial<Profile>]>([
    ["one that has expired", { fromMs: -60 * 86_400_000, toMs: -1_000 }],
    ["one that is not valid yet", { fromMs: 3_600_000 }],
  ])("%s", async (_, change) => {
    expect(await outcomes(await mint(issuer, ours(change)))).toEqual(["closed"]);
  });

  it.each<[string, () => Issuer]>([
    ["one of another CA", () => strangeIssuer("CN=Somebody")],
    ["one of another CA that has our CA's name", () => strangeIssuer(new X509Certificate(caPem).subject)],
    ["one that signed itself", () => undefined],
  ])("%s", async (_, by) => {
    expect(await outcomes(await mint(by(), ours()))).toEqual(["closed"]);
  });

  it.each<[string, Partial<Profile>]>([
    ["servers", { usages: ["1.3.6.1.5.5.7.3.1"] }],
    ["code", { usages: ["1.3.6.1.5.5.7.3.3"] }],
  ])("one of ours that is made for %s", async (_, change) => {
    expect(await outcomes(await mint(issuer, ours(change)))).toEqual(["closed"]);
  });

  it.each<[string, () => Partial<Profile>]>([
    ["is made for clients and for servers", () => ({ usages: ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"] })],
    ["is made for everything", () => ({ usages: [] })],
    ["is a CA", () => ({ ca: true })],
    ["has no address", () => ({ uris: [] })],
    ["has two addresses", () => ({ uris: [...ours().uris, uriOf(providerTenantId, worker.identity.nodeId)] })],
    [
      "names one node and has the address of another",
      () => ({ uris: [uriOf(providerTenantId, worker.identity.nodeId)] }),
    ],
    ["has two names", () => ({ subject: `CN=${appliance.identity.nodeId}, CN=${worker.identity.nodeId}` })],
    ["names nobody", () => ({ subject: "CN=admin", uris: [uriOf(providerTenantId, "admin")] })],
    [
      "names another tenant's node",
      () => ({ uris: [uriOf(installation.tenantId("birch"), appliance.identity.nodeId)] }),
    ],
    ["names a node that is in, and was never issued", () => ({})],
    [
      "names a node that does not exist",
      () => {
        const nodeId = newId("worker", 1);
        return { subject: `CN=${nodeId}`, uris: [uriOf(providerTenantId, nodeId)] };
      },
    ],
    [
      "names a person, and was never issued",
      () => {
        const personId = newId("person", 1);
        return { subject: `CN=${personId}`, uris: [uriOf("person", personId)] };
      },
    ],
  ])("one that our own key signed, which %s", async (_, change) => {
    expect(await outcomes(await mint(issuer, ours(change())))).toEqual(refusedByApp);
  });
});

describe("where a listener let it through, the application is shut to", () => {
  const validity = () => ({ validAtMs: Date.now() });
  const refused = expect.objectContaining({ code: "certificate_refused" });
  it.each<[string, Partial<Profile>]>([
    ["one that has expired", { fromMs: -60 * 86_400_000, toMs: -1_000 }],
    ["one that is not valid yet", { fromMs: 3_600_000 }],
    ["one for servers", { usages: ["1.3.6.1.5.5.7.3.1"] }],
    ["one for clients and code", { usages: ["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3"] }],
    ["one for everything", { usages: [] }],
    ["a CA", { ca: true }],
    ["one without an address", { uris: [] }],
    ["one whose address has more behind it", { uris: [`${uriOf(providerTenantId, newId("worker", 1))}/more`] }],
    ["one whose address is a web page's", { uris: ["https://steward/ten_provider/admin"] }],
  ])("%s", async (_, change) => {
    const { certificate } = await mint(issuer, ours(change));
    expect(() => certificateIdentity(certificate, validity())).toThrow(refused);
  });

  it("nobody whose certificate is as it should be, before the records are asked", async () => {
    const { certificate, fingerprint } = await mint(issuer, ours());
    const { nodeId, tenantId } = appliance.identity;
    expect(certificateIdentity(certificate, validity())).toEqual({ kind: "node", nodeId, tenantId, fingerprint });
  });
});

describe("a machine of another kind, or another tenant's", () => {
  it("gets what is for its own kind, and nothing of another's", async () => {
    const jobId = newId("job", 1);
    const claim = { tenantId: installation.tenantId("acme"), secret: "s".repeat(43), claimId: crypto.randomUUID() };
    expect(await problemOf(appliance.call("claimJob", { params: { jobId }, body: claim }))).toMatchObject({
      code: "forbidden",
    });
    expect(await problemOf(worker.call("pendingRuns", {}))).toMatchObject({ code: "forbidden" });
    // Its own key, its own address, another's name in the path.
    const other = await installation.enrol("appliance", "cellar", "birch");
    const { nodeId } = appliance.identity;
    expect(await problemOf(other.call("putFacts", { params: { nodeId }, body: { users: [] } }))).toMatchObject({
      code: "not_found",
    });
  });
});

it("a worker is lent keys to queues, an appliance is not; one that leaves is out, and its queue goes with it", async () => {
  const leaver = await installation.enrol("worker", "leaver", "provider");
  expect(await problemOf(appliance.call("queueCredentials", {}))).toMatchObject({ code: "forbidden" });
  expect(await problemOf(appliance.call("leave", {}))).toMatchObject({ code: "forbidden" });
  const { sessionToken, ...keys } = await leaver.call("queueCredentials", {});
  const sqs = new SQSClient({
    endpoint: installation.stack.cloudUrl,
    region: keys.region,
    credentials: { ...keys, sessionToken },
    maxAttempts: 1,
  });
  const own = new GetQueueUrlCommand({ QueueName: installation.names.queue(workerQueue(leaver.identity.nodeId)) });
  expect((await sqs.send(own)).QueueUrl).toContain(leaver.identity.nodeId);
  await leaver.call("leave", {});
  for (const call of ["queueCredentials", "leave"] as const) {
    expect(await problemOf(leaver.call(call, {}))).toMatchObject({ code: "certificate_refused" });
  }
  const { items } = await installation.as("provider")("listNodes", { query: { kind: "worker" } });
  expect(items.map(({ name }) => name)).not.toContain("leaver");
  const gone = () =>
    sqs.send(own).then(
      () => "there",
      (error: Error) => error.name,
    );
  await expect.poll(gone, { timeout: 20_000 }).toBe("QueueDoesNotExist");
  sqs.destroy();
});

describe("a machine whose presence cannot be read is refused", () => {
  const names = { current: "cc", revoked: "cr", shape: "v" };
  it.each<[string, string, unknown]>([
    ["says nothing of a revocation", names.revoked, undefined],
    ["says something else of it", names.revoked, "no"],
    ["names no certificate", names.current, undefined],
    ["names one that is none", names.current, "certificate"],
    ["has a shape of tomorrow", names.shape, 99],
  ])("where it %s", async (what, attribute, value) => {
    const name = `unreadable-${createHash("sha256").update(what).digest("hex").slice(0, 6)}`;
    const { identity } = await installation.enrol("appliance", name, "acme");
    await installation.table.client.send(
      new UpdateCommand({
        TableName: installation.table.name,
        Key: presenceKey(identity.nodeId),
        UpdateExpression: value === undefined ? "REMOVE #a" : "SET #a = :v",
        ExpressionAttributeNames: { "#a": attribute },
        ...(value === undefined ? {} : { ExpressionAttributeValues: { ":v": value } }),
      }),
    );
    for (const [method, path, body] of calls) {
      const { status } = await atNodesDoor(installation, name, method, path, body);
      expect([path, status >= 400]).toEqual([path, true]);
    }
  });

  it("where it is gone", async () => {
    const { identity } = await installation.enrol("appliance", "gone", "acme");
    const Key = presenceKey(identity.nodeId);
    await installation.table.client.send(new DeleteCommand({ TableName: installation.table.name, Key }));
    expect(await outcomes(await readPair(installation.machineDir("gone"), "current"))).toEqual(refusedByApp);
  });
});

describe("a machine that is revoked", () => {
  /** Renews by hand: the new pair, while the old one is still there. */
  async function renewed(name: string, client: NodeClient): Promise<{ old: Shown; next: Minted }> {
    const old = await readPair(installation.machineDir(name), "current");
    if (old.key === undefined || old.certificate === undefined) throw new Error("it has not enrolled");
    const key = newPrivateKey();
    const csr = await requestFor(key);
    const { fingerprint } = client.certificate();
    const statement = renewalStatement({ use: "renew", fingerprint, csr });
    const { certificate } = await client.call("renew", { body: { csr, proof: signWith(old.key, statement) } });
    return { old, next: { key, certificate, fingerprint: "" } };
  }
  const trust = async (pair: Shown) => (await atNodesDoor(installation, pair, "GET", "/api/v1/trust")).status;

  it("is out with the certificate that it has, and with the one that it just renewed", async () => {
    const client = await installation.enrol("appliance", "stolen", "acme");
    const { old, next } = await renewed("stolen", client);
    expect([await trust(old), await trust(next)]).toEqual([200, 200]);
    const { nodeId } = client.identity;
    const view = await acme("revokeNode", { params: { nodeId }, body: { reason: "stolen" } });
    expect(view).toMatchObject({ revokedReason: "stolen", confirmed: false });
    for (const pair of [old, next]) expect(await outcomes(pair)).toEqual(refusedByApp);
    const { items } = await acme("listCertificates", { query: { holder: nodeId } });
    expect(items.map(({ status, reason }) => [status, reason])).toEqual([
      ["revoked", "stolen"],
      ["revoked", "stolen"],
    ]);
    // The other door, too: neither in time nor late.
    const csr = await requestFor(newPrivateKey());
    const signedAtMs = Date.now();
    const { fingerprint } = client.certificate();
    const statement = renewalStatement({ use: "renew-expired", fingerprint, csr, signedAtMs });
    const late = { certificate: new X509Certificate(old.certificate ?? "").toString(), csr, signedAtMs };
    const body = { ...late, proof: signWith(old.key ?? "", statement) };
    expect(await problemOf(acme("renewExpired", { body }))).toMatchObject({ code: "certificate_refused" });
    // Its token is as dead, and its name is taken until it is removed.
    expect(await problemOf(acme("inviteNode", { body: { kind: "appliance", name: "stolen" } }))).toMatchObject({
      code: "unprocessable",
    });
    await acme("removeNode", { params: { nodeId } });
    await acme("inviteNode", { body: { kind: "appliance", name: "stolen" } });
  });

  it("is known to SSM no more, where it was rung that way", async () => {
    const { token } = await acme("inviteNode", { body: { kind: "appliance", name: "rung", doorbell: "ssm" } });
    const body = { token, csr: await requestFor(newPrivateKey()), hostname: "rung" };
    const { nodeId, activation } = await acme("enrol", { body });
    // As its SSM agent does with what it was given.
    const registered = await fetch(`${installation.stack.cloudUrl}/_ssm/register`, {
      method: "POST",
      body: JSON.stringify({ activationId: activation?.id, activationCode: activation?.code }),
    });
    const { instanceId } = (await registered.json()) as { instanceId: string };
    const { ssm } = installation.cloudAs("reconcile");
    const known = async () => {
      const { InstanceInformationList: list = [] } = await ssm.send(new DescribeInstanceInformationCommand({}));
      return list.map(({ InstanceId }) => InstanceId);
    };
    expect(await known()).toContain(instanceId);
    await acme("revokeNode", { params: { nodeId }, body: { reason: "stolen" } });
    await expect.poll(known, { timeout: 20_000 }).not.toContain(instanceId);
  });

  it("is revoked by an admin of its tenant, and by nobody else", async () => {
    const client = await installation.enrol("appliance", "kept", "acme");
    const params = { nodeId: client.identity.nodeId };
    const revoke = async (call: Client) => problemOf(call("revokeNode", { params, body: { reason: "mine now" } }));
    expect(await revoke(installation.as("birch"))).toMatchObject({ code: "not_found" });
    expect(await client.call("getTrust", {})).toBeDefined();
  });

  it("gets no command and starts nothing; what waits is cancelled; what it uploads afterwards is no output", async () => {
    const name = "uploads";
    const client = await installation.enrol("appliance", name, "acme");
    const { nodeId } = client.identity;
    const step = { action: "system.ping", variables: {} };
    const submit = async () => {
      const task = await acme("submitTask", { body: { steps: [step], targets: [nodeId] } });
      return task.status === "awaiting_approval" ? approve(acme, task) : task;
    };
    const runOf = async (taskId: string) => {
      const task = await until(acme, taskId, ({ runs = [] }) => runs.some(({ status }) => status === "sent"));
      return task.runs?.[0]?.id ?? "";
    };
    const first = await submit();
    const runId = await runOf(first.id);
    const envelope = await client.call("getEnvelope", { params: { runId } });
    const { attempt } = JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8")) as { attempt: number };
    const ledgerId = crypto.randomUUID();
    await client.call("startRun", { params: { runId }, body: { attempt, ledgerId, executor: "simulate" } });
    /** Announces a chunk, and gives the way to bring it. */
    const place = async (number: number) => {
      const bytes = gzipSync(`chunk ${number}`);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const chunk = { number, bytes: bytes.length, sha256 };
      const { url, headers } = await client.call("requestChunk", {
        params: { runId },
        body: { attempt, ledgerId, ...chunk },
      });
      return async () => (await fetch(url, { method: "PUT", headers, body: new Uint8Array(bytes) })).status;
    };
    const [before, after] = [await place(0), await place(1)];
    expect(await before()).toBe(200);
    const shown = async () => {
      const output = await acme("getOutput", { params: { taskId: first.id, applianceId: nodeId } });
      return output.chunks.map(({ number }) => number);
    };
    // Objects have whole seconds: what is to count must be a second old.
    await expect.poll(shown, { timeout: 20_000 }).toEqual([0]);
    const storedAtMs = Date.now();
    await expect.poll(() => Date.now() - storedAtMs > 1_100, { timeout: 20_000 }).toBe(true);

    const second = await submit();
    const waiting = await runOf(second.id);
    await acme("revokeNode", { params: { nodeId }, body: { reason: "stolen" } });

    // The address that it was given is still good, and worth nothing.
    expect(await after()).toBe(200);
    expect(await shown()).toEqual([0]);
    const params = { runId: waiting };
    for (const call of [
      () => client.call("getEnvelope", { params }),
      () =>
        client.call("startRun", { params, body: { attempt: 1, ledgerId: crypto.randomUUID(), executor: "simulate" } }),
      () =>
        client.call("recordRun", {
          params: { runId },
          body: { attempt, ledgerId, executor: "simulate", status: "simulated", steps: [] },
        }),
      () =>
        client.call("requestChunk", {
          params: { runId },
          body: { attempt, ledgerId, number: 2, bytes: 1, sha256: "a".repeat(64) },
        }),
    ]) {
      expect(await problemOf(call())).toMatchObject({ code: "certificate_refused" });
    }
    const ended = await until(acme, second.id, ({ runs = [] }) => runs.every(({ status }) => status === "cancelled"));
    expect(ended.runs?.[0]?.reason).toContain("was revoked");
    // Nor does anything new reach it.
    const refused = await acme("submitTask", { body: { steps: [step], targets: [nodeId] } });
    expect(refused).toMatchObject({ status: "failed", result: { message: expect.stringContaining("revoked") } });
  });
});

describe("a person's certificate", () => {
  async function issue(): Promise<{ id: string } & Minted> {
    const key = newPrivateKey();
    const { id, certificate } = await acme("createCertificate", { body: { csr: await requestFor(key) } });
    return { id, key, certificate, fingerprint: "" };
  }
  const session = "/api/v1/certificate-session";
  const form = { "content-type": "application/x-www-form-urlencoded" };

  it("opens a session of its person, and nothing else at that door", async () => {
    const certificate = await issue();
    const opened = await atNodesDoor(installation, certificate, "POST", session);
    expect(opened.status).toBe(201);
    const { accessToken, principal } = opened.body as { accessToken: string; principal: { id: string } };
    const headers = { authorization: `Bearer ${accessToken}` };
    const whoami = await installation.raw("/api/v1/tenants", { headers });
    expect(whoami.status).toBe(200);
    expect(principal.id).toMatch(/^per_/);
    for (const [method, path, body] of calls.slice(0, -1)) {
      const answer = await atNodesDoor(installation, certificate, method, path, body);
      expect([path, answer.status, answer.code]).toEqual([path, 401, "certificate_refused"]);
    }
    // Machines open none.
    for (const machine of ["attic", "gpu"]) {
      expect(await atNodesDoor(installation, machine, "POST", session)).toMatchObject({ status: 401 });
    }
    // Nor does the session make a further certificate.
    const more = await installation.raw("/api/v1/certificates", {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "steward-tenant": installation.tenantId("acme") },
      body: JSON.stringify({ csr: await requestFor(newPrivateKey()) }),
    });
    expect(more).toMatchObject({ status: 403, body: { code: "forbidden" } });

    await acme("revokeCertificate", { params: { certificateId: certificate.id } });
    expect(await outcomes(certificate)).toEqual(refusedByApp);
    await expect
      .poll(async () => (await installation.raw("/api/v1/tenants", { headers })).status, { timeout: 20_000 })
      .toBe(401);
  });

  it("is shown by a browser for a form of our page alone; the answer is a link that works once", async () => {
    const certificate = await issue();
    const { apiUrl } = installation.stack;
    const page = await fetch(`${apiUrl}/certificate`);
    expect(await page.text()).toContain(`<form method="post" action="${installation.stack.nodesUrl}${session}">`);
    expect(page.headers.get("content-security-policy")).toContain(installation.stack.nodesUrl);
    expect(page.headers.get("referrer-policy")).toBe("strict-origin");

    const send = async (headers: Record<string, string>, body?: Buffer) =>
      atNodesDoor(installation, certificate, "POST", session, body, headers);
    for (const headers of [
      { ...form, origin: "https://evil.example" },
      { ...form, origin: "null" },
      { origin: "https://evil.example" },
      form,
    ]) {
      expect([headers, (await send(headers)).status]).toEqual([headers, 403]);
    }
    const answer = await send({ ...form, origin: apiUrl });
    expect([answer.status, answer.location]).toEqual([303, expect.stringContaining(`${apiUrl}/#login=`)]);
    const bootstrapToken = new URL(answer.location ?? "").hash.slice("#login=".length);
    const { principal } = await acme("createSession", { body: { bootstrapToken } });
    expect(principal.kind).toBe("person");
    expect(await problemOf(acme("createSession", { body: { bootstrapToken } }))).toMatchObject({
      code: "unauthenticated",
    });
  });

  it("has the profile that it should, from the stage's own CA", async () => {
    const { certificate } = await issue();
    const [own, ca] = [new X509Certificate(certificate), new X509Certificate(caPem)];
    expect(own.checkIssued(ca) && own.verify(ca.publicKey)).toBe(true);
    expect([own.ca, own.keyUsage]).toEqual([false, ["1.3.6.1.5.5.7.3.2"]]);
    expect(own.subjectAltName).toBe(`URI:steward://person/${own.subject.slice("CN=".length)}`);
    expect(own.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(90 * 86_400_000);
  });
});

it("no route at the nodes door is without a certificate of the kind that it declares", async () => {
  const { routes } = await import("@steward/contracts/routes");
  for (const name of Object.keys(routes) as RouteName[]) {
    const route = routes[name];
    if (route.door !== "nodes") continue;
    expect([name, "node" in route.access || "userCertificate" in route.access]).toEqual([name, true]);
  }
});
