import "reflect-metadata";
import { createHash, generateKeyPairSync, sign, webcrypto } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { getNode } from "@steward/aws/records/node";
import { createSession as createSessionRecord } from "@steward/aws/records/session";
import { countedSsmNodes } from "@steward/aws/records/ssm-nodes";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { AppError, hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { authenticateNode } from "@steward/control/authenticate-node";
import type { Caller } from "@steward/control/context";
import { enrolNode } from "@steward/control/enrol-node";
import { inviteNode } from "@steward/control/invite-node";
import { issueCaCertificate } from "@steward/control/issue-certificate";
import { removeNode } from "@steward/control/node-views";
import { createAuthenticator } from "@steward/control/authenticate";
import { createSession } from "@steward/control/create-session";
import { giveBackSsmRoom, takeSsmRoom } from "@steward/control/ssm-room";
import { endSession, refreshSession } from "@steward/control/sessions";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const spki = publicKey.export({ format: "der", type: "spki" });
const keyId = createHash("sha256").update(spki).digest("hex");
const key = {
  keyId,
  publicKey: new Uint8Array(spki),
  sign: async (bytes: Uint8Array) => new Uint8Array(sign("sha256", bytes, privateKey)),
};
const signer = { key: async () => key };

let house: House;
let admin: Caller;
beforeEach(async () => {
  house = await openHouse();
  admin = await house.tenant();
});
afterEach(async () => {
  await house.stop();
});

async function request(): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: algorithm });
  return csr.toString("pem");
}

async function invited(
  doorbell: "pull" | "ssm" = "pull",
  name = "attic",
  activate = async () => ({ id: "activation", code: "code" }),
) {
  const caPem = await issueCaCertificate(signer, { name: "Steward test nodes", nowMs: house.nowMs(), days: 3650 });
  const deps = {
    ...house,
    signer,
    caCertificate: async () => caPem,
    rootPublicKey: async () => "AAAA",
    nodesUrl: "https://nodes.example",
    activate,
  };
  const body = { kind: "appliance" as const, name, tags: [], doorbell };
  const invitation = await inviteNode({ ...house, rootFingerprint: async () => "f" }, admin, body);
  return {
    nodeId: invitation.nodeId,
    enrol: async (csr: string) => enrolNode(deps, { token: invitation.token, csr, hostname: name }),
  };
}

it("an enrolment token that forty machines use at once enrols one, and quarantines it", async () => {
  const { nodeId, enrol } = await invited();
  const requests = await Promise.all(Array.from({ length: 40 }, request));
  const outcomes = await Promise.allSettled(requests.map(enrol));
  expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(1);
  for (const one of outcomes) {
    if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "token_used" });
  }
  const node = await getNode(house.table, { tenantId: admin.tenantId, nodeId });
  expect(node?.quarantinedAtMs).toBeDefined();
});

it("SSM is asked to know no more machines than it does for nothing, however many enrol at once; pull has no such end", async () => {
  house.ssmNodes = 5;
  // Of another stage in the same account.
  house.managed = 2;
  const machines = await Promise.all(
    Array.from({ length: 6 }, async (_, index) => ({
      ...(await invited("ssm", `nas-${index}`)),
      csr: await request(),
    })),
  );
  const outcomes = await Promise.allSettled(machines.map(({ enrol, csr }) => enrol(csr)));
  expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(3);
  for (const one of outcomes) {
    if (one.status === "rejected") {
      expect(one.reason).toMatchObject({ code: "quota_exceeded", next: expect.stringContaining("--doorbell pull") });
    }
  }
  // A day later SSM knows them; then two of them are gone, and that is seen where the number is full.
  house.managed = 5;
  house.passTime(86_400_000);
  await expect((await invited("ssm", "late")).enrol(await request())).rejects.toMatchObject({ code: "quota_exceeded" });
  house.managed = 4;
  await (await invited("ssm", "later")).enrol(await request());
  await expect(invited("ssm", "latest")).rejects.toMatchObject({ code: "quota_exceeded" });
  await (await invited("pull", "quiet")).enrol(await request());
});

it("a place that somebody takes while another one is about to count is not forgotten", async () => {
  const room = { ...house, ssmNodes: 5, countManaged: async () => 2 };
  // Who comes first finds that nobody has counted. Before it looks again, another has counted and taken a place.
  let other: Promise<void> | undefined;
  house.table.client.middlewareStack.add(
    (next, { commandName }) =>
      async (request) => {
        if (commandName === "GetItemCommand" && other === undefined) {
          other = takeSsmRoom(room);
          await other;
        }
        return next(request);
      },
    { step: "initialize", name: "secondBetween" },
  );
  await takeSsmRoom(room);
  house.table.client.middlewareStack.remove("secondBetween");
  expect(other).toBeDefined();
  expect(await countedSsmNodes(house.table)).toMatchObject({ nodes: 4 });
});

it("an enrolment that comes to nothing keeps no place at SSM", async () => {
  house.ssmNodes = 5;
  house.managed = 2;
  const nodes = async () => (await countedSsmNodes(house.table))?.nodes;
  const silent = await invited("ssm", "silent", () => Promise.reject(new AppError("unavailable", "SSM is away")));
  const csr = await request();
  for (let tries = 0; tries < 9; tries += 1) await expect(silent.enrol(csr)).rejects.toThrow("SSM is away");
  expect(await nodes()).toBe(2);
  // One of them is stored; the others took a place each before they could know.
  const { enrol } = await invited("ssm", "many");
  await Promise.allSettled((await Promise.all(Array.from({ length: 3 }, request))).map(enrol));
  expect(await nodes()).toBe(3);
});

it("a place is given back once, though the reply is lost and the call is made again", async () => {
  const room = { ...house, ssmNodes: 5, countManaged: async () => 2 };
  await takeSsmRoom(room);
  await takeSsmRoom(room);
  house.table.client.middlewareStack.add(
    (next) => async (request) => {
      await next(request);
      return next(request);
    },
    { step: "deserialize", priority: "low", name: "twice" },
  );
  await giveBackSsmRoom(house);
  house.table.client.middlewareStack.remove("twice");
  expect(await countedSsmNodes(house.table)).toMatchObject({ nodes: 3 });
});

it("the same machine gets the same certificate again, but not once it was removed", async () => {
  const { nodeId, enrol } = await invited();
  const csr = await request();
  const first = await enrol(csr);
  expect(await enrol(csr)).toEqual(first);
  await removeNode(house, admin, { nodeId });
  await expect(enrol(csr)).rejects.toSatisfy((error) => hasCode(error, "unauthenticated"));
  const [pem = ""] = first.certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const fingerprint = createHash("sha256").update(der).digest("hex");
  const asked = authenticateNode(house, { nodeId, tenantId: admin.tenantId, fingerprint });
  await expect(asked).rejects.toSatisfy((error) => hasCode(error, "certificate_refused"));
});

it("a sign-in link that is used thirty times at once signs in once, and its session ends for good", async () => {
  const bootstrapToken = house.secret();
  await commit(house.table, [
    createSessionRecord({
      v: 1,
      version: 1,
      tokenHash: sha256Hex(bootstrapToken),
      kind: "bootstrap",
      sessionId: newId("session", house.nowMs()),
      personId: admin.principal.id,
      createdAtMs: house.nowMs(),
      expiresAtMs: house.nowMs() + 3_600_000,
    }),
  ]);
  const deps = { ...house, signer, fetchOutside: () => Promise.reject(new Error("nobody is asked")) };
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => createSession(deps, { bootstrapToken })));
  const [session, ...more] = outcomes.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  expect(more).toEqual([]);
  if (session === undefined) throw new Error("nobody was signed in");

  const authenticate = createAuthenticator({ ...house, tokenKeys: async () => [{ keyId, publicKey: spki }] });
  const bearer = `Bearer ${session.accessToken}`;
  const { sessionId } = await authenticate(bearer);
  const again = await refreshSession(deps, { refreshToken: session.refreshToken ?? "" });
  expect(again.principal).toEqual(session.principal);
  await endSession(house, { sessionId, principalId: admin.principal.id });
  const isUnauthenticated = (error: unknown) => hasCode(error, "unauthenticated");
  await expect(refreshSession(deps, { refreshToken: again.refreshToken ?? "" })).rejects.toSatisfy(isUnauthenticated);
  house.passTime(5_000);
  await expect(authenticate(bearer)).rejects.toSatisfy(isUnauthenticated);
});
