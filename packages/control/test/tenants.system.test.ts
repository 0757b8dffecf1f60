import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { getJob } from "@steward/aws/records/job";
import { getRun } from "@steward/aws/records/run";
import { listAudit } from "@steward/aws/records/audit";
import { createTenant as createTenantRecord, getTenant, replaceTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { tenantLimits } from "@steward/contracts/defaults";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { LaneMessage } from "@steward/contracts/job";
import { acceptHeartbeat } from "@steward/control/accept-heartbeat";
import { advanceRollout } from "@steward/control/advance-rollout";
import { approvePlan } from "@steward/control/approve-plan";
import { claimJob } from "@steward/control/claim-job";
import type { Caller, NodeCaller, Principal } from "@steward/control/context";
import { enrolNode } from "@steward/control/enrol-node";
import { pendingRuns } from "@steward/control/get-envelope";
import { inviteNode } from "@steward/control/invite-node";
import { issueCaCertificate } from "@steward/control/issue-certificate";
import { recordRun } from "@steward/control/record-run";
import { renewCertificate } from "@steward/control/renew-certificate";
import { seedTenants } from "@steward/control/seed-tenants";
import { startRun } from "@steward/control/start-run";
import { submitTask } from "@steward/control/submit-task";
import { createTenantReader } from "@steward/control/tenant-now";
import * as tenants from "@steward/control/tenants";
import { explainGate } from "@steward/control/view-task";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type House, openHouse, takeOne } from "./support/house.ts";
import { enrolMachine, renewal, testSigner } from "./support/machines.ts";

const signer = testSigner();
const ledgerId = "00000000-0000-4000-8000-000000000001";
const start = { attempt: 1, ledgerId, executor: "ansible" } as const;
const staffPrincipal: Principal = {
  kind: "person",
  id: newId("person", 0),
  name: "Provider",
  grants: [{ tenant: "*", role: "admin" }],
};
const staff: Caller = {
  principal: staffPrincipal,
  sessionId: "session",
  tenantId: providerTenantId,
  role: "admin",
  requestId: "request",
};

let house: House;
let admin: Caller;
let appliance: NodeCaller;
beforeEach(async () => {
  house = await openHouse();
  admin = await house.tenant();
  appliance = await house.machine(admin.tenantId, "appliance");
});
afterEach(async () => {
  await house.stop();
});

const params = () => ({ tenantId: admin.tenantId });
const suspend = () => tenants.suspendTenant(house, staff, params(), { reason: "unpaid" });
const refused = (code: string) => ({ code });
const submit = (username = "john") =>
  submitTask(house, admin, {
    steps: [{ action: "users.add", variables: { username } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
async function rollout() {
  const task = await submit();
  const message = takeOne<{ tenantId: string; rolloutId: string }>(house, "rollouts");
  const advance = () => advanceRollout({ ...house, signer, ringSsm: async () => ({ failed: [] }) }, message);
  return { task, advance };
}

describe("while a tenant is suspended", () => {
  it("nothing is planned, and whoever looks is told why", async () => {
    await suspend();
    const task = await submit();
    expect(task.status).toBe("failed");
    const { decision, reasons } = await explainGate(house, admin, { taskId: task.id });
    expect(decision).toBe("deny");
    expect(reasons).toContainEqual(expect.objectContaining({ rule: "tenant", decision: "deny" }));
  });

  it("nothing is approved", async () => {
    const task = await submitTask(house, admin, {
      steps: [{ action: "users.remove", variables: { username: "bob" } }],
      targets: ["attic"],
      mode: "apply",
      verbosity: 0,
    });
    expect(task.status).toBe("awaiting_approval");
    await suspend();
    const approval = approvePlan(
      { ...house, signer },
      admin,
      { taskId: task.id },
      { planHash: task.plan?.planHash ?? "" },
    );
    await expect(approval).rejects.toMatchObject(refused("denied_by_gate"));
  });

  it("nothing is sent; what waited goes on when it is over", async () => {
    const { advance } = await rollout();
    await suspend();
    await advance();
    expect((await pendingRuns(house, appliance)).runs).toEqual([]);
    await tenants.resumeTenant(house, staff, params());
    // Woken at once, and not when somebody looks the next time.
    expect(takeOne(house, "rollouts")).toMatchObject({ tenantId: admin.tenantId });
    await advance();
    expect((await pendingRuns(house, appliance)).runs).toHaveLength(1);
  });

  it("nothing that was sent starts; what had started is reported and recorded", async () => {
    const { advance } = await rollout();
    await advance();
    const [runId = ""] = (await pendingRuns(house, appliance)).runs;
    await suspend();
    await expect(startRun(house, appliance, { runId }, start)).rejects.toMatchObject(refused("denied_by_gate"));
    expect(await getRun(house.table, { ...params(), runId })).toMatchObject({ status: "sent" });
    await tenants.resumeTenant(house, staff, params());
    await startRun(house, appliance, { runId }, start);
    await suspend();
    await recordRun(house, appliance, { runId }, { ...start, status: "succeeded", steps: [] });
    expect(await getRun(house.table, { ...params(), runId })).toMatchObject({ status: "succeeded" });
  });

  it("no model works for it: nothing new is given to one, and what waits for one goes on waiting", async () => {
    const worker = await house.machine(providerTenantId, "worker", "gpu-1");
    const ask = () =>
      submitTask(house, admin, {
        instruction: "please look after the new colleague",
        targets: ["attic"],
        mode: "apply",
        verbosity: 0,
      });
    await ask();
    const message = takeOne<LaneMessage>(house, "inference-express");
    await suspend();
    await expect(ask()).rejects.toMatchObject(refused("tenant_suspended"));
    expect(house.sent).toEqual([]);
    const claim = (with_: LaneMessage) =>
      claimJob(house, worker, { jobId: message.jobId }, { ...with_, claimId: ledgerId });
    await expect(claim(message)).rejects.toMatchObject(refused("stale_attempt"));
    expect(await getJob(house.table, { tenantId: admin.tenantId, jobId: message.jobId })).toMatchObject({
      status: "queued",
      attempt: 0,
    });
    await tenants.resumeTenant(house, staff, params());
    expect(await claim(message)).toMatchObject({ attempt: 1 });
  });

  it("no machine is enrolled, and its token works when it is over; machines that are there beat and renew", async () => {
    const caPem = await issueCaCertificate(signer, { name: "Steward test nodes", nowMs: house.nowMs(), days: 3650 });
    const deps = {
      ...house,
      signer,
      caCertificate: async () => caPem,
      rootPublicKey: async () => "AAAA",
      nodesUrl: "https://nodes.example",
      activate: async () => ({ id: "activation", code: "code" }),
    };
    const body = { kind: "appliance" as const, name: "cellar", tags: [], doorbell: "pull" as const };
    const { token } = await inviteNode({ ...house, rootFingerprint: async () => "f" }, admin, body);
    const csr = await certificateRequest();
    const veteran = await enrolMachine(house, deps, admin, { name: "veteran" });
    await suspend();
    const enrol = () => enrolNode(deps, { token, csr, hostname: "cellar" });
    await expect(enrol()).rejects.toMatchObject(refused("tenant_suspended"));

    const renewed = await renewCertificate(deps, veteran.node, renewal(veteran.pair, await certificateRequest()));
    expect(renewed.certificate).toContain("BEGIN CERTIFICATE");
    const beaten = await acceptHeartbeat(
      { ...house, sendNodeEvent: async () => {} },
      {
        nodeId: appliance.nodeId,
        fingerprint: appliance.fingerprint,
        heartbeat: {
          sequence: 2,
          intervalSeconds: 60,
          agentVersion: "1.0.0",
          configRevision: 0,
          conditions: [],
          metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 },
        },
      },
    );
    expect(beaten.nextIntervalSeconds).toBeGreaterThan(0);

    await tenants.resumeTenant(house, staff, params());
    expect((await enrol()).nodeId).toMatch(/^apl_/);
  });

  it("who asks for its status is told within five seconds, with one read in that time", async () => {
    let reads = 0;
    const status = createTenantReader({
      ...house,
      table: {
        ...house.table,
        client: new Proxy(house.table.client, {
          get(client, name) {
            if (name === "send") reads += 1;
            const value: unknown = Reflect.get(client, name, client);
            return typeof value === "function" ? value.bind(client) : value;
          },
        }),
      },
    });
    for (let count = 0; count < 20; count += 1) expect(await status(admin.tenantId)).toBe("active");
    expect(reads).toBe(1);
    await suspend();
    house.passTime(5_000);
    expect(await status(admin.tenantId)).toBe("suspended");
    // What is not there is not remembered: whoever has just been made is not kept out.
    expect(await status(newId("tenant", 1))).toBeUndefined();
  });
});

describe("tenants", () => {
  it("are made once however often they are asked for, and no name is given twice", async () => {
    const id = newId("tenant", house.nowMs());
    const repeatable = { idOf: () => id, begunBefore: false };
    const made = await tenants.createTenant(house, staff, { name: "Jones & Sons" }, repeatable);
    expect(made).toMatchObject({ id, status: "active", limits: tenantLimits, ownLimits: [] });
    expect(
      await tenants.createTenant(house, staff, { name: "Jones & Sons" }, { ...repeatable, begunBefore: true }),
    ).toEqual(made);
    // The first try was slow, not dead.
    expect(await tenants.createTenant(house, staff, { name: "Jones & Sons" }, repeatable)).toEqual(made);
    await expect(tenants.createTenant(house, staff, { name: "jones & sons" })).rejects.toMatchObject(
      refused("unprocessable"),
    );
    await expect(tenants.renameTenant(house, staff, params(), { name: "JONES & SONS" })).rejects.toMatchObject(
      refused("unprocessable"),
    );
    expect(await tenants.renameTenant(house, staff, { tenantId: id }, { name: "JONES & Sons" })).toMatchObject({
      name: "JONES & Sons",
    });
  });

  it("have limits of their own until those are taken back", async () => {
    const limited = await tenants.setTenantLimits(house, staff, params(), { appliances: 3, modelUsdPerMonth: 0 });
    expect(limited.limits).toEqual({ ...tenantLimits, appliances: 3, modelUsdPerMonth: 0 });
    const back = await tenants.setTenantLimits(house, staff, params(), { modelUsdPerMonth: 0, appliances: null });
    expect(back.limits).toEqual({ ...tenantLimits, modelUsdPerMonth: 0 });
    expect(back.ownLimits).toEqual(["modelUsdPerMonth"]);
  });

  it("are shown to those who have a role there, page by page", async () => {
    const others = await Promise.all(Array.from({ length: 5 }, () => house.tenant()));
    const mine: Principal = {
      ...admin.principal,
      grants: [admin, ...others.slice(0, 2)].flatMap(({ principal }) => principal.grants),
    };
    const all = async (principal: Principal) => {
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await tenants.listTenants(house, principal, { limit: 2, after });
        expect(page.items.length).toBeLessThanOrEqual(2);
        ids.push(...page.items.map(({ id }) => id));
        after = page.after;
      } while (after !== undefined);
      return ids;
    };
    expect(await all(mine)).toEqual([admin, ...others.slice(0, 2)].map(({ tenantId }) => tenantId).toSorted());
    // Also one that is to be deleted, which is on a list of its own.
    await tenants.deleteTenant(house, staff, params(), {});
    expect(await all(staffPrincipal)).toEqual([admin, ...others].map(({ tenantId }) => tenantId).toSorted());
    const [other] = others.slice(2);
    await expect(tenants.getTenant(house, mine, { tenantId: other?.tenantId ?? "" })).rejects.toMatchObject(
      refused("not_found"),
    );
    await expect(tenants.getTenant(house, mine, { tenantId: newId("tenant", 1) })).rejects.toMatchObject(
      refused("not_found"),
    );
  });

  it("from before there was a status are active", async () => {
    const { status: _status, ...old } = {
      v: 1 as const,
      version: 1,
      tenantId: newId("tenant", 1),
      name: "old",
      createdAtMs: 1,
      heartbeatIntervalSeconds: 60,
      status: "active" as const,
    };
    await commit(house.table, [createTenantRecord(old as typeof old & { status: "active" })]);
    expect(await getTenant(house.table, old.tenantId)).toMatchObject({ status: "active" });
    await tenants.suspendTenant(house, staff, { tenantId: old.tenantId }, { reason: "x" });
    expect(await getTenant(house.table, old.tenantId)).toMatchObject({ status: "suspended" });
  });

  it("that were removed leave their id taken: whoever is set up under the same name gets another one", async () => {
    const seed = { name: "Acme", heartbeatIntervalSeconds: 60, admin: "Ada" };
    const [first] = await seedTenants(house, [seed]);
    const tenant = await getTenant(house.table, first?.tenantId ?? "");
    if (tenant === undefined) throw new Error("not made");
    await commit(house.table, [
      replaceTenant(tenant, { ...tenant, name: "", status: "purged", version: tenant.version + 1 }),
    ]);
    const [second] = await seedTenants(house, [seed]);
    expect(second?.tenantId).not.toBe(first?.tenantId);
    expect(await seedTenants(house, [seed])).toMatchObject([{ tenantId: second?.tenantId, made: [] }]);
    expect(await getTenant(house.table, second?.tenantId ?? "")).toMatchObject({ name: "Acme", status: "active" });
  });

  it("that are set up have every link to their admin in their trail", async () => {
    const seed = { name: "Acme", heartbeatIntervalSeconds: 60, admin: "Ada" };
    const [first] = await seedTenants(house, [seed]);
    await seedTenants(house, [seed]);
    const { items } = await listAudit(house.table, first?.tenantId ?? "", { limit: 50 });
    const links = items.filter(({ entry }) => entry.what === "make-link");
    expect(links.map(({ entry }) => [entry.who, entry.record])).toEqual([
      ["steward:bootstrap", first?.personId],
      ["steward:bootstrap", first?.personId],
    ]);
  });
});

async function certificateRequest(): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const csr = await Pkcs10CertificateRequestGenerator.create({ name: "CN=x", keys, signingAlgorithm: algorithm });
  return csr.toString("pem");
}
