import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { newId, runIdOf } from "@steward/contracts/ids";
import type { NodeState } from "@steward/core/node/node-state";
import type { FreezeState, PersonState, SessionState, TenantState } from "@steward/core/tenant/tenant-state";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openAlert, reduceAlert } from "@steward/core/alert/reduce-alert";
import { createAlert, listAlerts } from "../src/records/alert.ts";
import { createCertificate, findCertificate, getCertificate, listCertificates } from "../src/records/certificate.ts";
import { listDue } from "../src/records/due.ts";
import { createEnrolment, getEnrolment } from "../src/records/enrolment.ts";
import { batchGetFacts, getFacts, putFacts } from "../src/records/facts.ts";
import { createFreeze, getFreeze, listActiveFreezes, replaceFreeze } from "../src/records/freeze.ts";
import { abandonIdempotent, beginIdempotent, finishIdempotent } from "../src/records/idempotency.ts";
import { createJob, getJob, waitingIn, replaceJob } from "../src/records/job.ts";
import { createNode, getNode, listNodes } from "../src/records/node.ts";
import { createPerson, getPerson, listPeople, replacePerson } from "../src/records/person.ts";
import { createRollout, getRollout, replaceRollout } from "../src/records/rollout.ts";
import {
  createRun,
  getRun,
  listNewestRunsOfAppliance,
  listRunsOfAppliance,
  listRunsOfRollout,
  replaceRun,
} from "../src/records/run.ts";
import { createSession, getSession } from "../src/records/session.ts";
import { createTask, listTasks, replaceTask } from "../src/records/task.ts";
import { createTenant, getTenant, listTenants } from "../src/records/tenant.ts";
import { commit, type Table } from "../src/table.ts";
import { type Engine, startEngine } from "./support/engine.ts";
import { aJob, aRun, aTask, fingerprint } from "./support/states.ts";

let engine: Engine;
let table: Table;

beforeAll(async () => {
  engine = await startEngine();
  table = engine.table;
});
afterAll(async () => {
  await engine?.stop();
});

const aTenantId = () => newId("tenant", Date.now());

test("tenants are found by id and all together", async () => {
  const tenant: TenantState = {
    v: 1,
    version: 1,
    tenantId: aTenantId(),
    name: "Berlin",
    createdAtMs: 1,
    heartbeatIntervalSeconds: 60,
    status: "active",
  };
  await commit(table, [createTenant(tenant)]);
  expect(await getTenant(table, tenant.tenantId)).toEqual(tenant);
  expect(await listTenants(table)).toContainEqual(tenant);
});

test("a tenant's people are those with a grant in it or everywhere, also after their grants changed", async () => {
  const [tenant, other] = [aTenantId(), aTenantId()];
  const person = (grants: PersonState["grants"]): PersonState => {
    const personId = newId("person", Date.now());
    return { v: 1, version: 1, personId, name: "P", issuer: "bootstrap", subject: personId, grants, createdAtMs: 1 };
  };
  const own = person([{ tenant, role: "admin" }]);
  const both = person([
    { tenant, role: "viewer" },
    { tenant: other, role: "admin" },
  ]);
  const staff = person([{ tenant: "*", role: "operator" }]);
  const foreign = person([{ tenant: other, role: "admin" }]);
  const nobody = person([]);
  for (const one of [own, both, staff, foreign, nobody]) await commit(table, [createPerson(one)]);
  const ids = async (of: string) => (await listPeople(table, of)).map((one) => one.personId).toSorted();
  expect(await ids(tenant)).toEqual([own, both, staff].map((one) => one.personId).toSorted());
  const moved = { ...own, version: 2, grants: [{ tenant: other, role: "admin" as const }] };
  await commit(table, [replacePerson(own, moved)]);
  expect(await ids(tenant)).toEqual([both, staff].map((one) => one.personId).toSorted());
  expect(await ids(other)).toContain(own.personId);
  expect(await getPerson(table, own.personId)).toEqual(moved);
});

test("expired sessions and enrolments count as absent", async () => {
  const nowMs = Date.now();
  const session: SessionState = {
    v: 1,
    version: 1,
    tokenHash: fingerprint("1"),
    kind: "refresh",
    sessionId: newId("session", nowMs),
    personId: newId("person", nowMs),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 10_000,
  };
  const enrolment = {
    v: 1 as const,
    version: 1,
    tokenHash: fingerprint("2"),
    tenantId: aTenantId(),
    nodeId: newId("appliance", nowMs),
    kind: "appliance" as const,
    name: "attic",
    tags: ["site:berlin"],
    doorbell: "pull" as const,
    createdBy: "per_1",
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 10_000,
  };
  await commit(table, [createSession(session), createEnrolment(enrolment)]);
  expect(await getSession(table, session.tokenHash)).toEqual(session);
  expect(await getEnrolment(table, enrolment.tokenHash)).toEqual(enrolment);
  expect(await getSession(table, session.tokenHash, nowMs + 10_000)).toBeUndefined();
  expect(await getEnrolment(table, enrolment.tokenHash, nowMs + 10_000)).toBeUndefined();
});

test("certificates are found by fingerprint, by id, by tenant and by holder, and no other tenant's", async () => {
  const [tenantId, holderId] = [aTenantId(), newId("appliance", Date.now())];
  const certificate = (digit: string, holder = holderId) => ({
    v: 1 as const,
    version: 1,
    certificateId: newId("certificate", Date.now()),
    fingerprint: fingerprint(digit),
    serial: "00",
    kind: "node" as const,
    tenantId,
    holderId: holder,
    holderName: "attic",
    keyFingerprint: fingerprint("e"),
    pem: "PEM",
    issuedAtMs: 1,
    notAfterMs: 2,
  });
  const other = newId("appliance", Date.now());
  const [first, second, third] = [certificate("3"), certificate("4"), certificate("5", other)];
  await commit(table, [createCertificate(first), createCertificate(second), createCertificate(third)]);
  expect(await getCertificate(table, first.fingerprint)).toEqual(first);
  const { certificateId } = first;
  expect(await findCertificate(table, { tenantId, certificateId })).toEqual(first);
  expect(await findCertificate(table, { tenantId: aTenantId(), certificateId })).toBeUndefined();
  const list = async (where: Parameters<typeof listCertificates>[1], limit = 9, after?: string) =>
    listCertificates(table, where, { limit, ...(after === undefined ? {} : { after }) });
  expect((await list({ tenantId, holderId })).items).toEqual([second, first]);
  expect(await list({ tenantId: aTenantId(), holderId })).toEqual({ items: [] });
  const page = await list({ tenantId }, 2);
  expect(page.items).toEqual([third, second]);
  expect(await list({ tenantId }, 2, page.after)).toEqual({ items: [first] });
});

test("active freezes are the tenant's and everybody's, without ended ones", async () => {
  const tenantId = aTenantId();
  const freeze = (over: Partial<FreezeState>): FreezeState => ({
    v: 1,
    version: 1,
    freezeId: newId("freeze", Date.now()),
    reason: "holidays",
    untilMs: 10_000,
    createdBy: "per_1",
    createdAtMs: 1,
    ...over,
  });
  const [own, everybodys, foreign, ended] = [
    freeze({ tenantId }),
    freeze({}),
    freeze({ tenantId: aTenantId() }),
    freeze({ tenantId }),
  ];
  for (const one of [own, everybodys, foreign, ended]) await commit(table, [createFreeze(one)]);
  await commit(table, [replaceFreeze(ended, { ...ended, version: 2, endedAtMs: 5 })]);
  const active = (await listActiveFreezes(table, tenantId)).map((one) => one.freezeId);
  expect(active.toSorted()).toEqual([own.freezeId, everybodys.freezeId].toSorted());
  expect(await listActiveFreezes(table, undefined)).toEqual([everybodys]);
  expect(await getFreeze(table, own.freezeId, tenantId)).toEqual(own);
  expect(await getFreeze(table, everybodys.freezeId, undefined)).toEqual(everybodys);
});

test("nodes are listed by page, without removed ones and other tenants'", async () => {
  const tenantId = aTenantId();
  const node = (over: Partial<NodeState>): NodeState => ({
    v: 1,
    version: 1,
    tenantId,
    nodeId: newId("appliance", Date.now()),
    kind: "appliance",
    name: "n",
    hostname: "h",
    tags: [],
    doorbell: "pull",
    health: "offline",
    healthSinceMs: 1,
    healthEpoch: 0,
    keyFingerprint: fingerprint("a"),
    createdAtMs: 1,
    updatedAtMs: 1,
    ...over,
  });
  const appliances = Array.from({ length: 5 }, () => node({}));
  const worker = node({ nodeId: newId("worker", Date.now()), kind: "worker" });
  const others = [node({ removedAtMs: 5 }), node({ tenantId: aTenantId() })];
  for (const one of [...appliances, worker, ...others]) await commit(table, [createNode(one)]);
  const found: NodeState[] = [];
  let after: string | undefined;
  do {
    const page = await listNodes(table, tenantId, { limit: 2, ...(after === undefined ? {} : { after }) });
    expect(page.items.length).toBeLessThanOrEqual(2);
    found.push(...page.items);
    after = page.after;
  } while (after !== undefined);
  expect(found).toEqual([...appliances, worker]);
  expect((await listNodes(table, tenantId, { limit: 10, kind: "worker" })).items).toEqual([worker]);
  expect(await getNode(table, { tenantId: aTenantId(), nodeId: worker.nodeId })).toBeUndefined();
});

test("tasks are listed by status, and move when it changes", async () => {
  const task = aTask();
  await commit(table, [createTask(task)]);
  const next = { ...task, version: 2, status: "running" as const };
  await commit(table, [replaceTask(task, next)]);
  const of = async (status: "queued" | "running") =>
    (await listTasks(table, task.tenantId, { status, limit: 10 })).items;
  expect(await of("queued")).toEqual([]);
  expect(await of("running")).toEqual([next]);
});

test("what waits in a lane leaves the index when it is taken, and waits elsewhere for another tier", async () => {
  const older = aJob({ lane: "bulk", createdAtMs: 10 });
  const younger = aJob({ lane: "bulk", createdAtMs: 20, admittedAtMs: 20 });
  await commit(table, [createJob(younger), createJob(older)]);
  expect(await waitingIn(table, "bulk")).toEqual({ queued: 2, heldBack: 1, oldestAtMs: 10, more: false });
  const leased = { ...older, version: 2, status: "leased" as const, attempt: 1 };
  await commit(table, [replaceJob(older, leased)]);
  const left = { queued: 1, heldBack: 0, oldestAtMs: 20, more: false };
  expect(await waitingIn(table, "bulk")).toEqual(left);
  expect(await getJob(table, older)).toEqual(leased);
  const escalated = { ...leased, version: 3, status: "queued" as const, tier: "claude" as const };
  await commit(table, [replaceJob(leased, escalated)]);
  expect(await waitingIn(table, "bulk")).toEqual(left);
  expect(await waitingIn(table, "standard")).toEqual({ queued: 0, heldBack: 0, more: false });
});

test("runs are found by id, by rollout and by appliance, live or all", async () => {
  const [tenantId, applianceId] = [aTenantId(), newId("appliance", 1)];
  const earlier = aRun({ tenantId, applianceId });
  const rolloutId = newId("rollout", Date.now());
  const runs = [0, 1, 2].map((index) =>
    aRun({ tenantId, rolloutId, runId: runIdOf(rolloutId, index), ...(index === 0 ? { applianceId } : {}) }),
  );
  for (const run of runs) await commit(table, [createRun(run)]);
  await commit(table, [createRun(earlier)]);
  const [first] = runs;
  if (first === undefined) throw new Error("no run");
  expect(await getRun(table, first)).toEqual(first);
  expect(await getRun(table, { tenantId: aTenantId(), runId: first.runId })).toBeUndefined();
  expect(await listRunsOfRollout(table, { tenantId, rolloutId })).toEqual(runs);
  const of = async (liveOnly: boolean) =>
    (await listRunsOfAppliance(table, { tenantId, applianceId }, { limit: 10, liveOnly })).map((run) => run.runId);
  expect(await of(true)).toEqual([earlier.runId, first.runId]);
  await commit(table, [replaceRun(first, { ...first, version: 2, status: "succeeded" })]);
  expect(await of(true)).toEqual([earlier.runId]);
  expect(await of(false)).toEqual([first.runId, earlier.runId]);
  const page = await listNewestRunsOfAppliance(table, { tenantId, applianceId }, { limit: 1 });
  expect(page).toMatchObject({ items: [{ runId: first.runId }], after: first.runId });
  const rest = await listNewestRunsOfAppliance(table, { tenantId, applianceId }, { limit: 1, after: first.runId });
  expect(rest.items.map(({ runId }) => runId)).toEqual([earlier.runId]);
  expect(rest.after).toBeUndefined();
});

test("what is due comes in order and leaves when it has ended", async () => {
  const task = aTask({ dueAtMs: 3_000 });
  const job = aJob({ dueAtMs: 1_000 });
  const run = aRun({ dueAtMs: 2_000 });
  const later = aTask({ dueAtMs: 5_001 });
  const rollout = {
    v: 1 as const,
    version: 1,
    tenantId: task.tenantId,
    rolloutId: newId("rollout", 1),
    taskId: task.taskId,
    status: "running" as const,
    parameters: { waves: [{ percent: 100 }], maxConcurrency: 1, undoOnFailure: false },
    mode: "apply" as const,
    targets: [],
    createdAtMs: 1,
    updatedAtMs: 1,
    expiresAtMs: 1,
    allowedMs: 1,
    dueAtMs: 4_000,
  };
  for (const write of [createTask(task), createJob(job), createRun(run), createTask(later), createRollout(rollout)]) {
    await commit(table, [write]);
  }
  expect(await getRollout(table, rollout)).toEqual(rollout);
  expect(await listDue(table, 5_000, 10)).toEqual([
    { type: "job", tenantId: job.tenantId, id: job.jobId, dueAtMs: 1_000 },
    { type: "run", tenantId: run.tenantId, id: run.runId, dueAtMs: 2_000 },
    { type: "task", tenantId: task.tenantId, id: task.taskId, dueAtMs: 3_000 },
    { type: "rollout", tenantId: rollout.tenantId, id: rollout.rolloutId, dueAtMs: 4_000 },
  ]);
  expect(await listDue(table, 5_000, 2)).toHaveLength(2);
  const { dueAtMs: _, ...ended } = rollout;
  await commit(table, [replaceRollout(rollout, { ...ended, version: 2, status: "succeeded" })]);
  expect((await listDue(table, 5_000, 10)).map((one) => one.type)).toEqual(["job", "run", "task"]);
  const { dueAtMs: __, ...endedTask } = task;
  await commit(table, [replaceTask(task, { ...endedTask, version: 2, status: "failed" })]);
  expect((await listDue(table, 4_999, 10)).map((one) => one.type)).toEqual(["job", "run"]);
  // What a newer build left behind keeps nobody from a deadline.
  const due = { duepk: "SYS#DUE#0", duesk: "000000000000500#comet#ten_x#cmt_1" };
  await table.client.send(new PutCommand({ TableName: table.name, Item: { pk: "NEWER", sk: "NEWER", ...due } }));
  expect((await listDue(table, 4_999, 10)).map((one) => one.type)).toEqual(["unknown", "job", "run"]);
});

test("facts are the newest that were told", async () => {
  const facts = (updatedAtMs: number, users: string[]) => ({
    v: 1 as const,
    tenantId,
    nodeId,
    facts: { users },
    digest: fingerprint("f"),
    updatedAtMs,
  });
  const [tenantId, nodeId] = [aTenantId(), newId("appliance", 1)];
  expect(await getFacts(table, { tenantId, nodeId })).toBeUndefined();
  await putFacts(table, facts(2, ["john"]));
  await putFacts(table, facts(1, []));
  expect(await getFacts(table, { tenantId, nodeId })).toEqual(facts(2, ["john"]));
  await putFacts(table, facts(3, ["john", "jane"]));
  const found = await batchGetFacts(table, tenantId, [nodeId, nodeId, newId("appliance", 2)]);
  expect(found).toEqual([facts(3, ["john", "jane"])]);
});

test("one request with an idempotency key is made; the others are told what became of it", async () => {
  const input = { tenantId: aTenantId(), key: fingerprint("5"), bodyDigest: "body", nowMs: 1_000_000 };
  const begun = await Promise.all(Array.from({ length: 5 }, () => beginIdempotent(table, input)));
  expect(begun.map(({ kind }) => kind).toSorted()).toEqual(["first", "running", "running", "running", "running"]);
  expect(await beginIdempotent(table, { ...input, bodyDigest: "other" })).toEqual({ kind: "mismatch" });
  const answer = { status: 201, body: "{}" };
  await finishIdempotent(table, { ...input, answer });
  await finishIdempotent(table, { ...input, answer: { status: 500, body: "late" } });
  expect(await beginIdempotent(table, input)).toEqual({ kind: "again", answer });
  expect(await beginIdempotent(table, { ...input, nowMs: input.nowMs + 86_400_000 })).toMatchObject({
    kind: "first",
    begunBefore: false,
    beganAtMs: input.nowMs + 86_400_000,
  });
});

test("a request that was killed is made again by one, who is told when the very first try began", async () => {
  const input = { tenantId: aTenantId(), key: fingerprint("6"), bodyDigest: "body", nowMs: 1_000_000 };
  const at = (nowMs: number) => beginIdempotent(table, { ...input, nowMs });
  await at(1_000_000);
  expect(await at(1_004_999)).toEqual({ kind: "running" });
  const begun = await Promise.all(Array.from({ length: 5 }, () => at(1_005_000)));
  expect(begun.map(({ kind }) => kind).toSorted()).toEqual(["first", "running", "running", "running", "running"]);
  const first = { kind: "first", begunBefore: true, beganAtMs: 1_000_000 };
  expect(begun).toContainEqual(expect.objectContaining(first));
  // Killed again: still the same beginning, so what is made gets the same id.
  expect(await at(1_010_000)).toMatchObject(first);
  expect(await beginIdempotent(table, { ...input, nowMs: 1_020_000, bodyDigest: "other" })).toEqual({
    kind: "mismatch",
  });
});

test("a refused request can be made again at once; whoever took it over is not disturbed by that", async () => {
  const input = { tenantId: aTenantId(), key: fingerprint("7"), bodyDigest: "body", nowMs: 1_000_000 };
  const slow = await beginIdempotent(table, input);
  const taker = await beginIdempotent(table, { ...input, nowMs: 1_006_000 });
  if (slow.kind !== "first" || taker.kind !== "first") throw new Error("both begin");
  await abandonIdempotent(table, { ...input, owner: slow.owner });
  expect(await beginIdempotent(table, { ...input, nowMs: 1_006_001 })).toEqual({ kind: "running" });
  await abandonIdempotent(table, { ...input, owner: taker.owner });
  expect(await beginIdempotent(table, { ...input, bodyDigest: "another" })).toMatchObject({ begunBefore: false });
});

test("a page of alerts looks through so many for those that are asked for, and says where to go on", async () => {
  const tenantId = aTenantId();
  const looksAt = 150;
  const over = Array.from({ length: 300 }, (_, at) => {
    const subject = { kind: "offline", nodeId: at === 0 ? "apl_wanted" : `apl_${at}` } as const;
    const raise = { type: "raise", severity: "critical", noticeId: "ntc_1" } as const;
    return reduceAlert(openAlert(tenantId, subject, raise, at).state, { type: "clear" }, at + 1).state;
  });
  for (let at = 0; at < over.length; at += 100) await commit(table, over.slice(at, at + 100).map(createAlert));
  const wanted = (after?: string) =>
    listAlerts(table, tenantId, {
      limit: 1,
      looksAt,
      status: "resolved",
      accept: ({ nodeId }) => nodeId === "apl_wanted",
      ...(after === undefined ? {} : { after }),
    });
  const first = await wanted();
  expect(first).toMatchObject({ items: [], after: expect.any(String) });
  const second = await wanted(first.after);
  expect(second).toMatchObject({ items: [{ nodeId: "apl_wanted" }] });
  const all: string[] = [];
  let after: string | undefined;
  do {
    const page = await listAlerts(table, tenantId, {
      limit: 280,
      looksAt,
      status: "resolved",
      ...(after === undefined ? {} : { after }),
    });
    all.push(...page.items.map(({ alertId }) => alertId));
    after = page.after;
  } while (after !== undefined);
  expect(new Set(all).size).toBe(over.length);
  expect(all).toHaveLength(over.length);
});
