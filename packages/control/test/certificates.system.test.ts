import { createHash } from "node:crypto";
import { getCertificate, listCertificates } from "@steward/aws/records/certificate";
import { getNode, replaceNode } from "@steward/aws/records/node";
import { getPresence } from "@steward/aws/records/presence";
import { createSession as createSessionRecord } from "@steward/aws/records/session";
import { getPerson, replacePerson } from "@steward/aws/records/person";
import { commit } from "@steward/aws/table";
import { defaults } from "@steward/contracts/defaults";
import { newId } from "@steward/contracts/ids";
import { acceptHeartbeat } from "@steward/control/accept-heartbeat";
import { createAuthenticator } from "@steward/control/authenticate";
import { authenticateNode } from "@steward/control/authenticate-node";
import { authenticateUser } from "@steward/control/authenticate-user";
import { openCertificateSession, signInLink } from "@steward/control/certificate-session";
import { listTenantCertificates, revokeUserCertificate } from "@steward/control/certificates";
import type { Caller, NodeCaller } from "@steward/control/context";
import { cutOffNode } from "@steward/control/cut-off-node";
import { getNode as viewNode, removeNode } from "@steward/control/node-views";
import { renewCertificate, renewExpired } from "@steward/control/renew-certificate";
import { revokeNode } from "@steward/control/revoke-node";
import { createSession } from "@steward/control/create-session";
import { endSession, refreshSession } from "@steward/control/sessions";
import { sweepPresence } from "@steward/control/sweep-presence";
import { createUserCertificate } from "@steward/control/user-certificates";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse } from "./support/house.ts";
import { enrolMachine, lateRenewal, newKey, openIssuer, type Pair, pairOf, renewal } from "./support/machines.ts";

let house: House;
let admin: Caller;
let deps: Awaited<ReturnType<typeof openIssuer>>;
let node: NodeCaller;
let pair: Pair;
beforeEach(async () => {
  house = await openHouse();
  admin = await house.tenant();
  deps = await openIssuer(house);
  ({ node, pair } = await enrolMachine(house, deps, admin));
});
afterEach(() => house.stop());

const dayMs = 86_400_000;
const params = () => ({ nodeId: node.nodeId });
const refused = { code: "certificate_refused" };
let sequence = 0;
beforeEach(() => {
  sequence = 0;
});

/** Renews with a fresh key, as the machine that holds `old`. */
async function renew(old = pair): Promise<Pair> {
  const { privateKey, csr } = await newKey();
  const caller = { ...node, fingerprint: old.fingerprint };
  return pairOf(privateKey, (await renewCertificate(deps, caller, renewal(old, csr))).certificate);
}
async function renewLate(old = pair, signedAtMs = house.nowMs()): Promise<Pair> {
  const { privateKey, csr } = await newKey();
  return pairOf(privateKey, (await late(old, csr, signedAtMs)).certificate);
}
const late = async (old: Pair, csr: string, signedAtMs: number) =>
  renewExpired(deps, identityOf(old), lateRenewal(old, csr, signedAtMs), "request");
const identityOf = (of: Pair) => ({ nodeId: node.nodeId, tenantId: node.tenantId, fingerprint: of.fingerprint });
const enters = async (of: Pair) => authenticateNode(house, identityOf(of));
async function beat(by: Pair) {
  sequence += 1;
  return acceptHeartbeat(
    { ...house, sendNodeEvent: async () => {} },
    {
      nodeId: node.nodeId,
      fingerprint: by.fingerprint,
      heartbeat: {
        sequence,
        intervalSeconds: 60,
        agentVersion: "1",
        configRevision: 0,
        conditions: [],
        metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 },
      },
    },
  );
}
const revoke = async () => revokeNode(house, admin, params(), { reason: "stolen" });

describe("a renewal", () => {
  it("is proven by both keys, and both certificates count until the new one has beaten", async () => {
    const next = await renew();
    expect(await getCertificate(house.table, next.fingerprint)).toMatchObject({
      renews: pair.fingerprint,
      provenBy: pair.fingerprint,
    });
    await enters(pair);
    await enters(next);
    await beat(next);
    await expect(enters(pair)).rejects.toMatchObject(refused);
    await enters(next);
  });

  it("without the old key's word for this very request is none", async () => {
    const [one, other] = [await newKey(), await newKey()];
    const stranger = { ...pair, privateKey: other.privateKey };
    const before = await getPresence(house.table, node.nodeId);
    for (const body of [
      { csr: one.csr, proof: "" },
      { csr: one.csr, proof: renewal(pair, other.csr).proof },
      renewal(stranger, one.csr),
      // The same key's word, for the other door.
      { csr: one.csr, proof: lateRenewal(pair, one.csr, house.nowMs()).proof },
    ]) {
      await expect(renewCertificate(deps, node, body)).rejects.toMatchObject(refused);
    }
    expect(await getPresence(house.table, node.nodeId)).toEqual(before);
  });

  it("again with the same key gets the same certificate, also many at once", async () => {
    const { csr } = await newKey();
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => renewCertificate(deps, node, renewal(pair, csr))),
    );
    expect(new Set(answers.map(({ certificate }) => certificate)).size).toBe(1);
    const { items } = await listCertificates(
      house.table,
      { tenantId: node.tenantId, holderId: node.nodeId },
      { limit: 99 },
    );
    expect(items).toHaveLength(2);
  });

  it("keeps the key of no certificate", async () => {
    const next = await renew();
    const again = await newKey();
    await beat(next);
    const third = pairOf(
      again.privateKey,
      (await renewCertificate(deps, { ...node, fingerprint: next.fingerprint }, renewal(next, again.csr))).certificate,
    );
    await expect(
      renewCertificate(deps, { ...node, fingerprint: third.fingerprint }, renewal(third, again.csr)),
    ).rejects.toMatchObject({ code: "unprocessable" });
  });

  it("more often than five times a day is refused, and the day after it goes on", async () => {
    // The enrolment's certificate is one of the five.
    for (let count = 1; count < defaults.renewalsPerDay; count += 1) await renew();
    await expect(renew()).rejects.toMatchObject({ code: "too_many_requests", retryAfterSeconds: 86_400 });
    house.passTime(dayMs);
    await renew();
  });
});

describe("a late renewal", () => {
  const expired = () => house.passTime(defaults.certificateSeconds * 1000 + 1);

  it("brings a machine back that was off for two months; the old certificate is worth nothing once the new one beat", async () => {
    house.passTime(60 * dayMs);
    const next = await renewLate();
    await beat(next);
    await expect(renewLate()).rejects.toMatchObject(refused);
    await expect(enters(pair)).rejects.toMatchObject(refused);
    expect(await viewNode(house, admin, params())).toMatchObject({
      certificateExpiresAt: new Date(house.nowMs() - (house.nowMs() % 1000) + 30 * dayMs).toISOString(),
    });
  });

  it("is for 90 days, and only for what has expired", async () => {
    await expect(renewLate()).rejects.toMatchObject({ code: "unprocessable" });
    expired();
    house.passTime(defaults.lateRenewalSeconds * 1000 - 1000);
    await renewLate();
    house.passTime(2_000);
    await expect(renewLate()).rejects.toMatchObject(refused);
  });

  it("signed at another time is refused, and told the time; replayed it gives what it gave", async () => {
    expired();
    const { privateKey, csr } = await newKey();
    for (const offMs of [-300_001, 300_001, -60 * dayMs]) {
      await expect(late(pair, csr, house.nowMs() + offMs)).rejects.toMatchObject({
        code: "expired",
        details: { serverTimeMs: house.nowMs() },
      });
    }
    const body = lateRenewal(pair, csr, house.nowMs());
    const ask = async () => renewExpired(deps, identityOf(pair), body, "request");
    const answers = await Promise.all(Array.from({ length: 10 }, ask));
    expect(new Set(answers.map(({ certificate }) => certificate)).size).toBe(1);
    const next = pairOf(privateKey, answers[0]?.certificate ?? "");
    // Recorded on the way: nothing more comes of it, then or later.
    expect(await ask()).toEqual(answers[0]);
    await beat(next);
    await expect(ask()).rejects.toMatchObject(refused);
    house.passTime(300_001);
    await expect(ask()).rejects.toMatchObject({ code: "expired" });
    // Nor with another request, another certificate, or another key's signature.
    const other = await newKey();
    await expect(
      renewExpired(deps, identityOf(pair), { ...lateRenewal(pair, csr, house.nowMs()), csr: other.csr }, "request"),
    ).rejects.toMatchObject(refused);
    await expect(
      renewExpired(deps, identityOf(pair), lateRenewal({ ...pair, ...other }, other.csr, house.nowMs()), "request"),
    ).rejects.toMatchObject(refused);
  });

  it("is not for a node that is revoked, removed, in quarantine, or another tenant's", async () => {
    const names = ["revoked", "removed", "quarantined"];
    const others = await Promise.all(names.map((name) => enrolMachine(house, deps, admin, { name })));
    const foreign = await house.tenant();
    expired();
    const asks = async (of: { node: NodeCaller; pair: Pair }, tenantId = of.node.tenantId) => {
      const { csr } = await newKey();
      const identity = { nodeId: of.node.nodeId, tenantId, fingerprint: of.pair.fingerprint };
      return renewExpired(deps, identity, lateRenewal(of.pair, csr, house.nowMs()), "request");
    };
    const [revoked, removed, quarantined] = others as [(typeof others)[0], (typeof others)[0], (typeof others)[0]];
    const key = { tenantId: admin.tenantId, nodeId: quarantined.node.nodeId };
    const before = await getNode(house.table, key);
    if (before === undefined) throw new Error("it is not there");
    await commit(house.table, [replaceNode(before, { ...before, version: before.version + 1, quarantinedAtMs: 1 })]);
    await expect(asks(revoked, foreign.tenantId)).rejects.toMatchObject(refused);
    await revokeNode(house, admin, { nodeId: revoked.node.nodeId }, { reason: "gone" });
    await removeNode(house, admin, { nodeId: removed.node.nodeId });
    for (const one of others) await expect(asks(one)).rejects.toMatchObject(refused);
    // A certificate of one machine does not speak for another.
    await expect(
      renewExpired(
        deps,
        { ...identityOf(pair), nodeId: revoked.node.nodeId },
        lateRenewal(pair, (await newKey()).csr, house.nowMs()),
        "request",
      ),
    ).rejects.toMatchObject(refused);
  });
});

describe("a revocation", () => {
  it("ends everything at once, marks every certificate, and says so", async () => {
    const second = await renew();
    await beat(second);
    const third = await renew(second);
    await revoke();
    for (const one of [pair, second, third]) {
      await expect(enters(one)).rejects.toMatchObject(refused);
      await expect(beat(one)).rejects.toMatchObject(refused);
      expect(await getCertificate(house.table, one.fingerprint)).toMatchObject({
        revokedAtMs: house.nowMs(),
        reason: "stolen",
      });
      await expect(renew(one)).rejects.toMatchObject(refused);
    }
    expect(await viewNode(house, admin, params())).toMatchObject({ revokedReason: "stolen", confirmed: false });
    const { items } = await listTenantCertificates(house, admin, { limit: 9, holder: node.nodeId });
    expect(items.map(({ status }) => status)).toEqual(["revoked", "revoked", "revoked"]);
    house.passTime(1);
    await revoke();
    expect(await getNode(house.table, { tenantId: node.tenantId, nodeId: node.nodeId })).toMatchObject({
      revokedAtMs: house.nowMs() - 1,
    });
  });

  it("that races a renewal leaves no certificate that counts, whoever wins", async () => {
    for (let round = 0; round < 12; round += 1) {
      const machine = await enrolMachine(house, deps, admin, { name: `raced-${round}` });
      const { csr } = await newKey();
      const nodeId = { nodeId: machine.node.nodeId };
      const [renewed] = await Promise.allSettled([
        renewCertificate(deps, machine.node, renewal(machine.pair, csr)),
        revokeNode(house, admin, nodeId, { reason: "raced" }),
      ]);
      if (renewed.status === "rejected") expect(renewed.reason).toMatchObject(refused);
      const { items } = await listCertificates(
        house.table,
        { tenantId: node.tenantId, holderId: machine.node.nodeId },
        { limit: 9 },
      );
      expect(items).toHaveLength(renewed.status === "fulfilled" ? 2 : 1);
      for (const one of items) {
        expect(one.revokedAtMs).toBeDefined();
        const identity = { ...nodeId, tenantId: node.tenantId, fingerprint: one.fingerprint };
        await expect(authenticateNode(house, identity)).rejects.toMatchObject(refused);
      }
    }
  });

  it("that races heartbeats is the last word", async () => {
    const outcomes = await Promise.allSettled([
      ...Array.from({ length: 10 }, async () => beat(pair)),
      revoke(),
      ...Array.from({ length: 10 }, async () => beat(pair)),
    ]);
    expect(outcomes[10]?.status).toBe("fulfilled");
    await expect(beat(pair)).rejects.toMatchObject(refused);
    expect((await getPresence(house.table, node.nodeId))?.certificate.revoked).toBe(true);
  });

  it("takes the machine off SSM, as a removal does, once", async () => {
    const [one, other] = await Promise.all([
      enrolMachine(house, deps, admin, { name: "rung", doorbell: "ssm" }),
      enrolMachine(house, deps, admin, { name: "rung-too", doorbell: "ssm" }),
    ]);
    await revokeNode(house, admin, { nodeId: one.node.nodeId }, { reason: "stolen" });
    await removeNode(house, admin, { nodeId: other.node.nodeId });
    for (const { node: of } of [one, other, one]) await cutOffNode(house, { tenantId: of.tenantId, nodeId: of.nodeId });
    expect(house.deregistered).toEqual([one.node.nodeId, other.node.nodeId]);
    // A node that is in is not cut off, however due it were.
    await cutOffNode(house, { tenantId: node.tenantId, nodeId: node.nodeId });
    await enters(pair);
  });
});

it("a table that does not answer lets nobody in: not a machine, not a person, not a heartbeat", async () => {
  const gone = { ...house, table: { ...house.table, name: "absent" } };
  const refusals = await Promise.allSettled([
    authenticateNode(gone, identityOf(pair)),
    authenticateUser(gone, { personId: admin.principal.id, fingerprint: pair.fingerprint }),
    acceptHeartbeat(
      { ...gone, sendNodeEvent: async () => {} },
      {
        nodeId: node.nodeId,
        fingerprint: pair.fingerprint,
        heartbeat: {
          sequence: 1,
          intervalSeconds: 60,
          agentVersion: "1",
          configRevision: 0,
          conditions: [],
          metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 },
        },
      },
    ),
  ]);
  expect(refusals.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
});

describe("a certificate that is about to end", () => {
  it("is counted where the machine is there and does not renew, and not where it is off", async () => {
    const sweep = async () => sweepPresence({ ...house, sendNodeEvent: async () => {} });
    await beat(pair);
    expect((await sweep()).expiring).toBe(0);
    house.passTime(26 * dayMs);
    expect((await sweep()).expiring).toBe(0);
    await beat(pair);
    expect((await sweep()).expiring).toBe(1);
    await beat(await renew());
    expect((await sweep()).expiring).toBe(0);
  });
});

describe("a person's certificate", () => {
  const tokenKeys = async () => [await deps.signer.key()];
  const sessionDeps = () => ({ ...deps, fetchOutside: () => Promise.reject(new Error("nobody is asked")) });

  /** Signed in by a link, with what its issuer allows. */
  async function signedIn(limits: { limitTo?: string; issuerId?: string } = {}): Promise<Caller> {
    const tokenHash = createHash("sha256").update(house.secret()).digest("hex");
    await commit(house.table, [
      createSessionRecord({
        v: 1,
        version: 1,
        tokenHash,
        kind: "refresh",
        sessionId: newId("session", house.nowMs()),
        personId: admin.principal.id,
        createdAtMs: house.nowMs(),
        expiresAtMs: house.nowMs() + dayMs,
        ...limits,
      }),
    ]);
    return { ...admin, sessionId: tokenHash };
  }
  async function issue(limits: { limitTo?: string } = {}) {
    const { privateKey, csr } = await newKey();
    const issued = await createUserCertificate(deps, await signedIn(limits), { csr });
    return { id: issued.id, ...pairOf(privateKey, issued.certificate) };
  }
  const shows = async ({ fingerprint }: Pair) => ({
    ...(await authenticateUser(house, { personId: admin.principal.id, fingerprint })),
    requestId: "request",
  });
  const open = async (of: Pair) => openCertificateSession(sessionDeps(), await shows(of));

  it("opens sessions of its person, which end when it is revoked: with it at once, the open ones within 5 s", async () => {
    const certificate = await issue();
    const session = await open(certificate);
    const authenticate = createAuthenticator({ ...house, tokenKeys });
    const bearer = `Bearer ${session.accessToken}`;
    expect((await authenticate(bearer)).principal).toMatchObject({
      id: admin.principal.id,
      grants: admin.principal.grants,
    });
    await revokeUserCertificate(house, admin, { certificateId: certificate.id });
    await expect(open(certificate)).rejects.toMatchObject(refused);
    await expect(refreshSession(sessionDeps(), { refreshToken: session.refreshToken ?? "" })).rejects.toMatchObject({
      code: "unauthenticated",
    });
    house.passTime(5_000);
    await expect(authenticate(bearer)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is no more than the session that asked for it, and makes no further one", async () => {
    const limited = await issue({ limitTo: admin.tenantId });
    const session = await open(limited);
    const authenticate = createAuthenticator({ ...house, tokenKeys });
    const { sessionId } = await authenticate(`Bearer ${session.accessToken}`);
    expect(await getCertificate(house.table, limited.fingerprint)).toMatchObject({
      asked: { limitTo: admin.tenantId },
    });
    await expect(
      createUserCertificate(deps, { ...admin, sessionId }, { csr: (await newKey()).csr }),
    ).rejects.toMatchObject({ code: "forbidden" });
  });

  it("is not for whom an issuer vouches for, a day at a time", async () => {
    const caller = await signedIn({ issuerId: newId("issuer", house.nowMs()) });
    await expect(createUserCertificate(deps, caller, { csr: (await newKey()).csr })).rejects.toMatchObject({
      code: "forbidden",
    });
  });

  it("is not for a session that was ended, however fresh its access token still looks", async () => {
    const caller = await signedIn();
    await endSession(house, { sessionId: caller.sessionId, principalId: admin.principal.id });
    await expect(createUserCertificate(deps, caller, { csr: (await newKey()).csr })).rejects.toMatchObject({
      code: "unauthenticated",
    });
  });

  it("ends with its time, with a sign-out everywhere, and with its person", async () => {
    const person = async () => {
      const found = await getPerson(house.table, admin.principal.id);
      if (found === undefined) throw new Error("nobody");
      return found;
    };
    const change = async (to: object) => {
      const before = await person();
      await commit(house.table, [replacePerson(before, { ...before, ...to, version: before.version + 1 })]);
    };
    const first = await issue();
    await change({ epoch: 1 });
    await expect(open(first)).rejects.toMatchObject(refused);
    // Also one that a session from before asks for afterwards.
    await expect(open(await issue())).rejects.toMatchObject(refused);
    await change({ epoch: 0 });
    const third = await issue();
    await open(third);
    await change({ disabledAtMs: 1 });
    await expect(open(third)).rejects.toMatchObject(refused);
    await change({ disabledAtMs: undefined });
    house.passTime(defaults.userCertificateSeconds * 1000);
    await expect(open(third)).rejects.toMatchObject(refused);
  });

  it("gives a browser a link that works once, within a minute, while it counts", async () => {
    const certificate = await issue();
    const use = async (bootstrapToken: string) => createSession(sessionDeps(), { bootstrapToken }, "request");
    const token = await signInLink(house, await shows(certificate));
    expect((await use(token)).principal.id).toBe(admin.principal.id);
    await expect(use(token)).rejects.toMatchObject({ code: "unauthenticated" });
    const late = await signInLink(house, await shows(certificate));
    house.passTime(60_001);
    await expect(use(late)).rejects.toMatchObject({ code: "unauthenticated" });
    const last = await signInLink(house, await shows(certificate));
    await revokeUserCertificate(house, admin, { certificateId: certificate.id });
    await expect(use(last)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("there are ten of at most, and only admins of the tenant where it was made see and revoke it", async () => {
    const first = await issue();
    for (let count = 1; count < defaults.userCertificates; count += 1) await issue();
    await expect(issue()).rejects.toMatchObject({ code: "quota_exceeded" });
    const foreign = await house.tenant();
    await expect(revokeUserCertificate(house, foreign, { certificateId: first.id })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(revokeUserCertificate(house, admin, { certificateId: newId("certificate", 1) })).rejects.toMatchObject(
      { code: "not_found" },
    );
    await revokeUserCertificate(house, admin, { certificateId: first.id });
    await issue();
    const of = async (caller: Caller) =>
      (await listTenantCertificates(house, caller, { limit: 99, kind: "user" })).items;
    expect(await of(admin)).toHaveLength(11);
    expect(await of(foreign)).toEqual([]);
    // A machine's is not revoked alone.
    const { items } = await listTenantCertificates(house, admin, { limit: 9, kind: "node" });
    await expect(revokeUserCertificate(house, admin, { certificateId: items[0]?.id ?? "" })).rejects.toMatchObject({
      code: "unprocessable",
    });
  });

  it("is none of a machine's, and a machine's is none of a person's", async () => {
    const certificate = await issue();
    await expect(enters(certificate)).rejects.toMatchObject(refused);
    await expect(
      authenticateUser(house, { personId: node.nodeId, fingerprint: pair.fingerprint }),
    ).rejects.toMatchObject(refused);
    await expect(
      authenticateUser(house, { personId: newId("person", 1), fingerprint: certificate.fingerprint }),
    ).rejects.toMatchObject(refused);
  });
});
