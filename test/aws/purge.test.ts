import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { ListSecretsCommand } from "@aws-sdk/client-secrets-manager";
import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { type Clients, createClients } from "@steward/aws/clients";
import { createObjectRemover } from "@steward/aws/object-remover";
import { getPolicy, replacePolicy } from "@steward/aws/records/policy";
import { beat } from "@steward/aws/records/presence";
import { getTenant, listTenants } from "@steward/aws/records/tenant";
import { createRunSecrets } from "@steward/aws/run-secrets";
import { commit, type Table } from "@steward/aws/table";
import { newId, providerTenantId, runIdOf } from "@steward/contracts/ids";
import { bucketNames, resourceNames } from "@steward/contracts/names";
import { permissions } from "@steward/contracts/permissions";
import type { ExportedRecord } from "@steward/contracts/tenant";
import type { Caller, Principal } from "@steward/control/context";
import { expireOutputs, minuteOf } from "@steward/control/expire-outputs";
import { exportTenant } from "@steward/control/export-tenant";
import { purgeTenants } from "@steward/control/purge-tenants";
import { deleteTenant, restoreTenant, suspendTenant } from "@steward/control/tenants";
import { purgeSettlesMs } from "@steward/core/tenant/reduce-tenant";
import { localAccount } from "@steward/local/account";
import { type Cloud, startCloud } from "@steward/local/cloud/start-cloud";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type FullTenant, fillTenant } from "../support/full-tenant.ts";

const stage = "purge";
const names = resourceNames(stage);
const { outputs: outputBucket, fleet: fleetBucket } = bucketNames(stage, localAccount);
const stateDir = mkdtempSync(join(tmpdir(), "steward-purge-"));
const dayMs = 86_400_000;
const startMs = Date.now();

/** The function with exactly its rights, and the test, which may look at everything. */
const credential = (principal: string, grants = [{ actions: ["*"], resources: ["*"] }]) => ({
  accessKeyId: `LOCAL${principal.toUpperCase()}`,
  secretAccessKey: `${principal}-secret-0123456789`,
  principal,
  grants,
});
const own = credential("purge", permissions(stage, localAccount).purge);
const everything = credential("observer");

let cloud: Cloud;
let observer: Clients;
let table: Table;
let nowMs = startMs;

beforeAll(async () => {
  cloud = await startCloud({ stateDir, stage, credentials: [own, everything] });
  observer = clients(everything);
  table = { client: observer.dynamo, name: names.table };
});
afterAll(async () => {
  await cloud?.close();
  rmSync(stateDir, { recursive: true, force: true });
});
beforeEach(() => {
  nowMs = startMs;
});

function clients(credentials: typeof own): Clients {
  return createClients({ region: "us-east-1", credentials, endpointUrl: cloud.endpoint });
}

const staff: Caller = {
  principal: { kind: "person", id: newId("person", 0), name: "Provider", grants: [{ tenant: "*", role: "admin" }] },
  sessionId: "session",
  tenantId: providerTenantId,
  role: "admin",
  requestId: "request",
};
const api = () => ({
  table,
  queues: {
    send: async () => {},
    sendBatch: async () => {},
    counts: async () => ({ visible: 0, inFlight: 0, deadLetters: 0 }),
  },
  nowMs: () => nowMs,
  log: () => {},
});
const fill = async (others: string[] = []) => {
  const tenant = await fillTenant({ table, s3: observer.s3, outputBucket, fleetBucket }, { nowMs: startMs, others });
  // What one of its runs has made, and what it has put in.
  const values = createRunSecrets(observer.secrets);
  await values.create(names.runSecret(tenant.runSecret), tenant.mark);
  await values.put(names.tenantSecret({ ...tenant, name: "wifi-key" }), tenant.mark, crypto.randomUUID());
  return tenant;
};

/** One life of the function, with clients of its own. It is killed behind so many writes: nothing that it does after that gets out. */
async function purgeOnce({ killedAfter = Number.POSITIVE_INFINITY, pageItems = 7 } = {}) {
  const mine = clients(own);
  let writes = 0;
  const logged: string[] = [];
  const writing = /^(?:Put|Update|Delete|TransactWrite|BatchWrite)/;
  const kill = async <Output>(send: () => Promise<Output>, command = ""): Promise<Output> => {
    if (writes >= killedAfter) throw new Error("killed");
    const answer = await send();
    if (writing.test(command)) writes += 1;
    return answer;
  };
  const place = { step: "initialize", name: "kill" } as const;
  mine.dynamo.middlewareStack.add(
    (next, { commandName }) =>
      (args) =>
        kill(() => next(args), commandName),
    place,
  );
  mine.s3.middlewareStack.add(
    (next, { commandName }) =>
      (args) =>
        kill(() => next(args), commandName),
    place,
  );
  const outcome = await purgeTenants({
    table: { client: mine.dynamo, name: names.table },
    nowMs: () => nowMs,
    log: (_level, event, fields) => void logged.push(`${event} ${String(fields?.["error"])}`),
    objects: createObjectRemover(mine.s3),
    outputBucket,
    fleetBucket,
    pageItems,
    stage,
    runSecrets: createRunSecrets(mine.secrets),
  });
  return { ...outcome, writes, logged };
}

/** From the end of the grace period to the end of everything. */
async function purgeToTheEnd(pageItems?: number): Promise<number> {
  let writes = 0;
  for (let turn = 0; turn < 4; turn += 1) {
    const { failed, logged, ...done } = await purgeOnce(pageItems === undefined ? {} : { pageItems });
    expect([failed, logged]).toEqual([0, []]);
    writes += done.writes;
    nowMs += purgeSettlesMs;
  }
  return writes;
}

async function everyItem(): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const page = await table.client.send(
      new ScanCommand({ TableName: table.name, ...(from === undefined ? {} : { ExclusiveStartKey: from }) }),
    );
    items.push(...(page.Items ?? []));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

/** Where there still is something of it. */
async function tracesOf(tenant: FullTenant): Promise<string[]> {
  const isTrace = (item: unknown) => {
    const text = JSON.stringify(item);
    return tenant.names.some((name) => text.includes(name));
  };
  const [items, secrets, objects, snapshots] = await Promise.all([
    everyItem(),
    observer.secrets.send(new ListSecretsCommand({ MaxResults: 100 })),
    observer.s3.send(new ListObjectsV2Command({ Bucket: outputBucket })),
    observer.s3.send(new ListObjectsV2Command({ Bucket: fleetBucket })),
  ]);
  return [
    ...items.filter(isTrace).map((item) => `${String(item["pk"])} ${String(item["sk"])}`),
    ...(secrets.SecretList ?? []).filter(isTrace).map((secret) => secret.Name ?? ""),
    ...[...(objects.Contents ?? []), ...(snapshots.Contents ?? [])].filter(isTrace).map((object) => object.Key ?? ""),
  ].toSorted();
}

const isTombstone = (tenant: FullTenant) => (trace: string) => trace === `T#${tenant.tenantId}#TENANT TENANT`;
const isTrail = (tenant: FullTenant) => (trace: string) => trace.startsWith(`T#${tenant.tenantId}#AUDIT `);

async function expectPurged(tenant: FullTenant): Promise<void> {
  const traces = await tracesOf(tenant);
  expect(traces.filter((trace) => !isTrail(tenant)(trace))).toEqual(traces.filter(isTombstone(tenant)));
  expect(traces.filter(isTombstone(tenant))).toHaveLength(1);
  // What it was called is in neither.
  const state = await getTenant(table, tenant.tenantId);
  expect(state).toMatchObject({ status: "purged", name: "" });
  expect(JSON.stringify(state)).not.toContain(tenant.mark);
  expect((await listTenants(table)).map(({ tenantId }) => tenantId)).not.toContain(tenant.tenantId);
}

it("nothing of a deleted tenant is left but its id and its trail, and nothing of its twin is touched", async () => {
  const shared = newId("person", startMs);
  const [tenant, twin] = [await fill([shared]), await fill()];
  const before = await tracesOf(twin);
  expect(before.length).toBeGreaterThan(20);
  await deleteTenant(api(), staff, { tenantId: tenant.tenantId }, { graceDays: 0 });
  await purgeToTheEnd();
  await expectPurged(tenant);
  expect(await tracesOf(twin)).toEqual(before);
  // Whoever has a role elsewhere has it still, and has lost this one.
  const item = (await everyItem()).find(({ pk }) => String(pk).endsWith(shared));
  expect(item?.["state"]).toMatchObject({ grants: [{ role: "viewer" }] });
  expect(item?.["state"]).not.toHaveProperty("disabledAtMs");
  // Its id is taken: the trail says when it began and ended.
  const trail = (await everyItem()).filter(({ pk }) => pk === `T#${tenant.tenantId}#AUDIT`);
  expect(trail.map(({ what }) => what)).toEqual(expect.arrayContaining(["delete-tenant", "begin-purge", "end-purge"]));
});

it("it is kept to its last day, restored whole until then, and not after", async () => {
  const tenant = await fill();
  const { tenantId } = tenant;
  const before = (await tracesOf(tenant)).filter((trace) => !isTrail(tenant)(trace));
  await suspendTenant(api(), staff, { tenantId }, { reason: "unpaid" });
  await deleteTenant(api(), staff, { tenantId }, {});
  nowMs = startMs + 30 * dayMs - 1;
  expect(await purgeOnce()).toMatchObject({ removed: 0, purged: 0, writes: 0 });
  await restoreTenant(api(), staff, { tenantId });
  expect((await tracesOf(tenant)).filter((trace) => !isTrail(tenant)(trace))).toEqual(before);
  expect(await getTenant(table, tenantId)).toMatchObject({ status: "suspended", suspendedReason: "unpaid" });
  await deleteTenant(api(), staff, { tenantId }, { graceDays: 1 });
  nowMs += dayMs;
  await purgeOnce();
  await expect(restoreTenant(api(), staff, { tenantId })).rejects.toMatchObject({ code: "invalid_transition" });
  await purgeToTheEnd();
  await expectPurged(tenant);
});

it("its machines are refused from the very first moment, also by a heartbeat that was long on its way", async () => {
  const tenant = await fill();
  const [nodeId = ""] = tenant.nodeIds;
  const heartbeat = {
    sequence: 2,
    intervalSeconds: 60,
    agentVersion: "1",
    configRevision: 0,
    conditions: [],
    metrics: { cpuPercent: 1, memoryPercent: 1, diskPercent: 1, loadAverage1m: 1, uptimeSeconds: 1 },
  };
  const beats = (sequence: number) =>
    beat(table, { nodeId, fingerprint: "a".repeat(64), heartbeat: { ...heartbeat, sequence }, nowMs });
  await deleteTenant(api(), staff, { tenantId: tenant.tenantId }, { graceDays: 0 });
  expect((await beats(2)).kind).toBe("accepted");
  // Killed right behind what makes it irrevocable and the first machines' refusal.
  await purgeOnce({ killedAfter: 1 + tenant.nodeIds.length });
  expect((await beats(3)).kind).toBe("refused");
  await purgeToTheEnd();
  expect((await beats(4)).kind).toBe("refused");
  await expectPurged(tenant);
});

it("killed behind any of its writes, it goes on from there", async () => {
  const first = await fill([newId("person", startMs)]);
  await deleteTenant(api(), staff, { tenantId: first.tenantId }, { graceDays: 0 });
  const pageItems = 50;
  const writes = await purgeToTheEnd(pageItems);
  expect(writes).toBeGreaterThan(20);
  for (let killedAfter = 1; killedAfter <= writes; killedAfter += 1) {
    nowMs = startMs;
    const tenant = await fill([newId("person", startMs)]);
    await deleteTenant(api(), staff, { tenantId: tenant.tenantId }, { graceDays: 0 });
    // Twice: the second time it is killed somewhere else, because it goes on from another place.
    await purgeOnce({ killedAfter, pageItems });
    nowMs += purgeSettlesMs;
    await purgeOnce({ killedAfter, pageItems });
    await purgeToTheEnd(pageItems);
    await expectPurged(tenant);
  }
}, 120_000);

it("an export has every record of a tenant, nothing of another one, and nothing that a secret could be guessed by", async () => {
  const [tenant, twin] = [await fill([newId("person", startMs)]), await fill()];
  const admin: Principal = {
    kind: "person",
    id: tenant.adminId,
    name: "Ada",
    grants: [{ tenant: tenant.tenantId, role: "admin" }],
  };
  const exported: ExportedRecord[] = [];
  let after: string | undefined;
  do {
    const page = await exportTenant({ table }, admin, { tenantId: tenant.tenantId }, { limit: 4, after });
    expect(page.items.length).toBeLessThanOrEqual(4);
    exported.push(...page.items);
    after = page.after;
  } while (after !== undefined);
  const counts = Object.groupBy(exported, ({ kind }) => kind);
  expect(Object.fromEntries(Object.entries(counts).map(([kind, found]) => [kind, found.length]))).toEqual({
    tenant: 1,
    person: 2,
    node: 3,
    alert: 1,
    alerting: 1,
    configuration: 3,
    certificate: 3,
    facts: 3,
    freeze: 1,
    task: 1,
    job: 1,
    rollout: 1,
    run: 1,
    audit: 1,
    policy: 1,
    schedule: 1,
    window: 1,
  });
  expect(new Set(exported.map(({ kind, id }) => `${kind} ${id}`)).size).toBe(exported.length);
  const text = JSON.stringify(exported);
  for (const name of twin.names) expect(text).not.toContain(name);
  for (const proof of tenant.proofs) expect(text).not.toContain(proof);
  for (const name of tenant.names) expect(text).toContain(name);
  // Of somebody who works for several, nothing of the others.
  expect(text).not.toContain("viewer");
  expect(new Set(text.match(/ten_[0-9a-z]{26}/g))).toEqual(new Set([tenant.tenantId]));
  const whole = await exportTenant({ table }, admin, { tenantId: tenant.tenantId }, { limit: 200 });
  expect(whole.items).toEqual(exported);
});

it("an export is for admins; another's tenant is not there", async () => {
  const [tenant, twin] = [await fill(), await fill()];
  const as = (tenantId: string, role: "approver" | "admin"): Principal => ({
    kind: "person",
    id: "per_x",
    name: "x",
    grants: [{ tenant: tenantId, role }],
  });
  const asked = (principal: Principal) =>
    exportTenant({ table }, principal, { tenantId: tenant.tenantId }, { limit: 1 });
  await expect(asked(as(tenant.tenantId, "approver"))).rejects.toMatchObject({ code: "forbidden" });
  await expect(asked(as(twin.tenantId, "admin"))).rejects.toMatchObject({ code: "not_found" });
  expect((await asked(as("*", "admin"))).items).toHaveLength(1);
});

it("outputs that are older than a tenant keeps them go in its minute of the hour; newer ones and another tenant's stay", async () => {
  const [tenant, twin] = [await fill(), await fill()];
  const before = await getPolicy(table, tenant.tenantId);
  if (before === undefined) throw new Error("no policy");
  const policy = { ...before.policy, outputDays: 30 };
  await commit(table, [replacePolicy(before, { ...before, version: before.version + 1, policy })]);
  const outputsOf = async ({ tenantId }: FullTenant) =>
    (await observer.s3.send(new ListObjectsV2Command({ Bucket: outputBucket, Prefix: `${tenantId}/` }))).KeyCount;
  // Ids never go back in time, and the tests before this one have made some a month from now.
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  const madeAtMs = twin.tenantId
    .slice(4, 14)
    .split("")
    .reduce((ms, digit) => ms * 32 + digits.indexOf(digit), 0);
  const newer = `${tenant.tenantId}/${runIdOf(newId("rollout", madeAtMs + 20 * dayMs), 0)}/1/000000.gz`;
  await observer.s3.send(new PutObjectCommand({ Bucket: outputBucket, Key: newer, Body: "x" }));
  const mine = clients(own);
  const look = (atMs: number) =>
    expireOutputs({
      table: { client: mine.dynamo, name: names.table },
      nowMs: () => atMs,
      log: () => {},
      objects: createObjectRemover(mine.s3),
      outputBucket,
    });
  const inItsMinute = (days: number) => {
    const hour = Math.ceil((madeAtMs + days * dayMs) / 3_600_000) * 3_600_000;
    return hour + minuteOf(tenant.tenantId) * 60_000;
  };
  await look(inItsMinute(29));
  await look(inItsMinute(31) + 60_000);
  expect(await outputsOf(tenant)).toBe(4);
  expect(await look(inItsMinute(31))).toEqual({ removed: 3, failed: 0 });
  expect([await outputsOf(tenant), await outputsOf(twin)]).toEqual([1, 3]);
});
