import { getCertificate, listCertificates } from "@steward/aws/records/certificate";
import { getPresence } from "@steward/aws/records/presence";
import type { Client } from "@steward/contracts/client";
import { AppError } from "@steward/contracts/errors";
import { newPrivateKey, requestFor } from "@steward/node-client/key-pair";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Installation, problemOf, startInstallation } from "../support/installation.ts";
import { chooseSeed, seeded } from "../support/seeded.ts";

let installation: Installation;
let acme: Client;
beforeAll(async () => {
  installation = await startInstallation({
    appliances: 0,
    functionEnv: { STEWARD_RATE_LIMITS: "source=100000/100000,principal=100000/100000,tenant=100000/100000" },
  });
  acme = installation.as("acme");
});
afterAll(() => installation.close());

const invite = async (name: string) => acme("inviteNode", { body: { kind: "appliance", name } });
const enrol = async (token: string, csr: string) => acme("enrol", { body: { token, csr, hostname: "nas" } });
const view = async (nodeId: string) => acme("getNode", { params: { nodeId } });
const waiting = async () => (await acme("listNodes", { query: { unconfirmed: "true" } })).items.map(({ id }) => id);
const certificatesOf = async (nodeId: string) => {
  const owner = { tenantId: installation.tenantId("acme"), holderId: nodeId };
  return (await listCertificates(installation.table, owner, { limit: 5_000 })).items;
};

it("a token that is used a thousand times at once, by its machine and by others, makes one certificate", async () => {
  const uses = 1_000;
  const { nodeId, token } = await invite("herd");
  const [own, ...others] = await Promise.all(Array.from({ length: 100 }, async () => requestFor(newPrivateKey())));
  if (own === undefined) throw new Error("there is no request");
  // A machine that asks again and again, as after lost replies, and ninety-nine others.
  const random = seeded(chooseSeed());
  console.log(`STEWARD_SEED=${random.seed}`);
  const pick = () => others[random.between(0, others.length - 1)] ?? own;
  const queue = random.shuffled(Array.from({ length: uses }, (_, index) => (index % 10 === 0 ? own : pick())));
  const issued = new Map<string, Set<string>>();
  const refusals = new Map<string, number>();
  let answered = 0;
  const work = async () => {
    for (let csr = queue.shift(); csr !== undefined; csr = queue.shift()) {
      try {
        const { certificate } = await enrol(token, csr);
        issued.set(csr, (issued.get(csr) ?? new Set()).add(certificate));
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        refusals.set(error.code, (refusals.get(error.code) ?? 0) + 1);
      }
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: 48 }, work));
  expect(answered).toBe(uses);
  // One key, one certificate, however often it was handed out.
  expect([...issued.values()].map((certificates) => certificates.size)).toEqual([1]);
  expect([...refusals.keys()].filter((code) => code !== "token_used")).toEqual([]);
  const certificates = await certificatesOf(nodeId);
  expect(certificates).toHaveLength(1);
  expect(await getPresence(installation.table, nodeId)).toMatchObject({
    certificate: { current: certificates[0]?.fingerprint, revoked: false },
  });
  expect(await view(nodeId)).toMatchObject({ quarantinedAt: expect.any(String), confirmed: false });
});

it("another key later puts the node into quarantine: told in its view, in the trail and to whoever is on call", async () => {
  const { nodeId, token } = await invite("thief-later");
  const first = await requestFor(newPrivateKey());
  const { certificate } = await enrol(token, first);
  const { keyFingerprint = "" } = await view(nodeId);
  expect(await waiting()).toContain(nodeId);
  await acme("confirmNode", { params: { nodeId }, body: { keyFingerprint } });
  expect((await view(nodeId)).confirmed).toBe(true);
  expect(await waiting()).not.toContain(nodeId);
  // The machine itself, once more: nothing is wrong with that.
  expect((await enrol(token, first)).certificate).toBe(certificate);
  expect((await view(nodeId)).quarantinedAt).toBeUndefined();

  expect(await problemOf(enrol(token, await requestFor(newPrivateKey())))).toMatchObject({ code: "token_used" });
  expect(await view(nodeId)).toMatchObject({ quarantinedAt: expect.any(String), confirmed: false });
  // Nobody is asked to confirm it: which of the two is the right one is another question.
  expect(await waiting()).not.toContain(nodeId);
  const { items } = await acme("listNodes", { query: { attention: "true" } });
  expect(items.map(({ id }) => id)).toContain(nodeId);
  const trail = await acme("listAudit", { query: { limit: 200 } });
  expect(trail.items.filter(({ record }) => record === nodeId).map(({ what }) => what)).toContain("quarantine-node");
  // Nothing runs there any more, whoever confirmed it.
  const step = { action: "system.ping", variables: {} };
  const task = await acme("submitTask", { body: { steps: [step], targets: [nodeId] } });
  expect(task).toMatchObject({ status: "failed", result: { message: expect.stringContaining("quarantine") } });
  expect(await certificatesOf(nodeId)).toHaveLength(1);
  expect(await getCertificate(installation.table, (await certificatesOf(nodeId))[0]?.fingerprint ?? "")).toBeDefined();
});

it("an unknown token, and one that has been used up by a machine that is gone, are the same nothing", async () => {
  const csr = await requestFor(newPrivateKey());
  const unknown = await problemOf(enrol("x".repeat(43), csr));
  const { nodeId, token } = await invite("gone");
  await enrol(token, csr);
  await acme("revokeNode", { params: { nodeId }, body: { reason: "stolen" } });
  const used = await problemOf(enrol(token, csr));
  expect([used.code, used.message]).toEqual([unknown.code, unknown.message]);
  await acme("removeNode", { params: { nodeId } });
  expect((await problemOf(enrol(token, csr))).message).toBe(unknown.message);
});

it("a worker serves every tenant: no tenant's admin may invite one, also not in the provider's tenant", async () => {
  const body = { kind: "worker" as const, name: "mine" };
  expect(await problemOf(acme("inviteNode", { body }))).toMatchObject({ code: "forbidden" });
  const elsewhere = installation.as("acme", installation.tenantId("provider"));
  expect(await problemOf(elsewhere("inviteNode", { body }))).toMatchObject({ code: "not_found" });
  // Nor may the provider's staff by mistake, in a customer's tenant.
  const staff = installation.as("provider", installation.tenantId("acme"));
  expect(await problemOf(staff("inviteNode", { body }))).toMatchObject({ code: "forbidden" });
  await installation.as("provider")("inviteNode", { body });
});
