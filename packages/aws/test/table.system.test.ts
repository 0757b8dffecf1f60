import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { newId } from "@steward/contracts/ids";
import { newTraceId } from "@steward/contracts/trace-context";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendAudit, type AuditQuery, listAudit, markSealed } from "../src/records/audit.ts";
import { beginIdempotent } from "../src/records/idempotency.ts";
import { addPendingRun, announce, beat, createPresence, getPresence } from "../src/records/presence.ts";
import { createTask, getTask, listTasks, replaceTask } from "../src/records/task.ts";
import { commit, type Table } from "../src/table.ts";
import { type Engine, startEngine } from "./support/engine.ts";
import { aPresence, aRun, aTask, fingerprint } from "./support/states.ts";

let engine: Engine;
let table: Table;

beforeAll(async () => {
  engine = await startEngine();
  table = engine.table;
});
afterAll(async () => {
  await engine?.stop();
});

/** A table behind a network that loses replies: the server carries out the first call of each command, nobody hears of it. */
function losingReplies({ meanwhile }: { meanwhile?: () => Promise<void> } = {}): Table & { lost: () => number } {
  const client: DynamoDBDocumentClient = engine.client();
  let lost = 0;
  client.middlewareStack.add(
    (next) => {
      let tries = 0;
      return async (request) => {
        const answer = await next(request);
        tries += 1;
        if (tries > 1) return answer;
        lost += 1;
        await meanwhile?.();
        throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET", name: "TimeoutError" });
      };
    },
    // Below the SDK's retries, where the network is.
    { step: "deserialize", priority: "low", name: "losesReplies" },
  );
  return { client, name: table.name, lost: () => lost };
}

const entry = (tenantId: string) => ({
  v: 1 as const,
  tenantId,
  auditId: newId("audit", Date.now()),
  atMs: 1,
  who: "per_1",
  what: "submit-task",
  record: "tsk_1",
});

test("a state that was written is read back as it was", async () => {
  const task = aTask({ dueAtMs: 500, question: undefined as never });
  await commit(table, [createTask(task)]);
  const { question: _, ...expected } = task;
  expect(await getTask(table, task)).toEqual(expected);
});

test("of two creations of one record, one is told of the conflict", async () => {
  const task = aTask();
  const outcomes = await Promise.allSettled([
    commit(table, [createTask(task)]),
    commit(table, [createTask({ ...task, instruction: "another" })]),
  ]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  const rejected = outcomes.find((outcome) => outcome.status === "rejected");
  expect(rejected?.reason).toMatchObject({ code: "conflict", details: { record: "task" } });
});

test("a change that was decided on an old read is refused", async () => {
  const task = aTask();
  await commit(table, [createTask(task)]);
  const second = { ...task, version: 2, status: "thinking" as const };
  await commit(table, [replaceTask(task, second)]);
  await expect(commit(table, [replaceTask(task, { ...second, status: "cancelled" })])).rejects.toMatchObject({
    code: "conflict",
  });
  expect(await getTask(table, task)).toEqual(second);
});

test("a change to a record that is not there makes none", async () => {
  const task = aTask();
  await expect(commit(table, [replaceTask(task, { ...task, version: 2 })])).rejects.toMatchObject({ code: "conflict" });
  expect(await getTask(table, task)).toBeUndefined();
});

test("a change without the next version is refused before it is sent", () => {
  const task = aTask();
  expect(() => replaceTask(task, { ...task })).toThrow(/next version/);
});

test("of several writes all happen or none", async () => {
  const [one, two] = [aTask(), aTask()];
  await commit(table, [createTask(two)]);
  await expect(
    commit(table, [createTask(one), createTask(two), appendAudit(entry(one.tenantId))]),
  ).rejects.toMatchObject({
    code: "conflict",
    details: { record: "task" },
  });
  expect(await getTask(table, one)).toBeUndefined();
  expect((await listAudit(table, one.tenantId, { limit: 10 })).items).toEqual([]);
});

test("the entries of one request are found together, a page at a time, and nobody else's", async () => {
  const [tenant, other] = [aTask().tenantId, newId("tenant", Date.now())];
  const [request, elsewhere] = [newTraceId(), newTraceId()];
  const of = (tenantId: string, requestId: string, what: string) => ({ ...entry(tenantId), requestId, what });
  const mine = ["submit-task", "send-run", "start-run", "record-run"].map((what) => of(tenant, request, what));
  const others = [of(tenant, elsewhere, "submit-task"), of(other, request, "submit-task"), entry(tenant)];
  for (const one of [...mine, ...others]) await commit(table, [appendAudit(one)]);
  const list = async (query: Partial<AuditQuery>) => {
    const { items, after } = await listAudit(table, tenant, { limit: 10, request, ...query });
    return { whats: items.map((item) => item.entry.what), ...(after === undefined ? {} : { after }) };
  };
  const { whats } = await list({});
  expect(whats).toEqual(["record-run", "start-run", "send-run", "submit-task"]);
  const first = await list({ limit: 3 });
  expect(first.whats).toEqual(whats.slice(0, 3));
  expect(await list({ limit: 3, after: first.after ?? "" })).toEqual({ whats: whats.slice(3) });
  expect(await list({ what: "start-run" })).toEqual({ whats: ["start-run"] });
  expect(await list({ toMs: 0 })).toEqual({ whats: [] });
  // Whether it is sealed or not.
  const [{ auditId } = entry(tenant)] = mine;
  expect(await markSealed(table, { tenantId: tenant, auditId }, 7)).toBe(true);
  expect((await list({})).whats).toEqual(whats);
  // What requests were numbered with before is looked for entry by entry.
  await commit(table, [appendAudit(of(tenant, "JKJaXmPLvHcESHA=", "create-freeze"))]);
  expect(await list({ request: "JKJaXmPLvHcESHA=" })).toEqual({ whats: ["create-freeze"] });
});

test("a hundred writers at one record lose nothing", async () => {
  const task = aTask({ verbosity: 0 });
  await commit(table, [createTask(task)]);
  const increment = async (): Promise<void> => {
    for (;;) {
      const read = await getTask(table, task);
      if (read === undefined) throw new Error("gone");
      const next = { ...read, version: read.version + 1, verbosity: read.verbosity + 1 };
      try {
        return await commit(table, [replaceTask(read, next), appendAudit(entry(task.tenantId))]);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "conflict")) throw error;
      }
    }
  };
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let turn = 0; turn < 5; turn++) await increment();
    }),
  );
  expect((await getTask(table, task))?.verbosity).toBe(100);
  expect((await listAudit(table, task.tenantId, { limit: 200 })).items).toHaveLength(100);
});

test("a creation whose reply was lost has succeeded", async () => {
  const task = aTask();
  const losing = losingReplies();
  await commit(losing, [createTask(task)]);
  expect(losing.lost()).toBe(1);
  expect(await getTask(table, task)).toEqual(task);
});

test("a replacement whose reply was lost has succeeded", async () => {
  const task = aTask();
  await commit(table, [createTask(task)]);
  const losing = losingReplies();
  await commit(losing, [replaceTask(task, { ...task, version: 2 })]);
  expect(losing.lost()).toBe(1);
  expect((await getTask(table, task))?.version).toBe(2);
});

test("a replacement whose reply was lost has succeeded, also when another one followed before the retry", async () => {
  const task = aTask();
  await commit(table, [createTask(task)]);
  const second = { ...task, version: 2 };
  const losing = losingReplies({ meanwhile: () => commit(table, [replaceTask(second, { ...second, version: 3 })]) });
  await commit(losing, [replaceTask(task, second)]);
  expect(losing.lost()).toBe(1);
  expect((await getTask(table, task))?.version).toBe(3);
});

test("a creation whose reply was lost has succeeded, also when a change followed before the retry", async () => {
  const task = aTask();
  const losing = losingReplies({ meanwhile: () => commit(table, [replaceTask(task, { ...task, version: 2 })]) });
  await commit(losing, [createTask(task)]);
  expect((await getTask(table, task))?.version).toBe(2);
});

test("a transaction whose reply was lost has succeeded, once", async () => {
  const task = aTask();
  await commit(table, [createTask(task)]);
  const losing = losingReplies();
  await commit(losing, [replaceTask(task, { ...task, version: 2 }), appendAudit(entry(task.tenantId))]);
  expect(losing.lost()).toBe(1);
  expect((await getTask(table, task))?.version).toBe(2);
  expect((await listAudit(table, task.tenantId, { limit: 10 })).items).toHaveLength(1);
});

test("somebody else's write in the same place is a conflict, also after a lost reply", async () => {
  const task = aTask();
  await commit(table, [createTask({ ...task, instruction: "theirs" })]);
  // The reply that is lost is the refusal.
  const losing = losingReplies();
  await expect(commit(losing, [createTask(task)])).rejects.toMatchObject({ code: "conflict" });
  expect((await getTask(table, task))?.instruction).toBe("theirs");
});

test("the same commit again changes nothing", async () => {
  const task = aTask();
  const writes = [createTask(task), appendAudit(entry(task.tenantId))];
  await commit(table, writes);
  await commit(table, writes);
  expect((await listAudit(table, task.tenantId, { limit: 10 })).items).toHaveLength(1);
});

test("a heartbeat whose reply was lost is answered from the record", async () => {
  const presence = aPresence();
  await commit(table, [createPresence(presence)]);
  const metrics = { cpuPercent: 1, memoryPercent: 2, diskPercent: 3, loadAverage1m: 4, uptimeSeconds: 5 };
  const outcome = await beat(losingReplies(), {
    nodeId: presence.nodeId,
    fingerprint: fingerprint("a"),
    heartbeat: { sequence: 1, intervalSeconds: 60, metrics, agentVersion: "1", configRevision: 1, conditions: [] },
    nowMs: 1000,
  });
  expect(outcome).toMatchObject({ kind: "retry", stored: { sequence: 1, m1: metrics } });
  expect((await getPresence(table, presence.nodeId))?.m2).toBeUndefined();
});

test("an announcement and a pending run whose replies were lost are done, once", async () => {
  const presence = aPresence();
  await commit(table, [createPresence(presence)]);
  const announced = { level: "healthy" as const, epoch: 1 };
  expect(await announce(losingReplies(), { nodeId: presence.nodeId, epochBefore: 0, announced })).toBe(true);
  const { runId } = aRun();
  expect(await addPendingRun(losingReplies(), presence.nodeId, runId)).toBe(true);
  expect(await getPresence(table, presence.nodeId)).toMatchObject({ announced, directive: { pendingRuns: [runId] } });
});

test("the first call with an idempotency key is the first, also when its reply was lost", async () => {
  const input = { tenantId: newId("tenant", 1), key: "k", bodyDigest: "d", nowMs: 1000 };
  expect(await beginIdempotent(losingReplies(), input)).toMatchObject({ kind: "first", begunBefore: false });
  expect(await beginIdempotent(table, input)).toEqual({ kind: "running" });
});

test("a table that is not there is said to be so, not waited for", async () => {
  await expect(commit({ ...table, name: "none" }, [createTask(aTask())])).rejects.toMatchObject({
    code: "internal",
    message: expect.stringContaining("ResourceNotFoundException"),
  });
});

test("listing pages through everything, newest first", async () => {
  const tenantId = newId("tenant", Date.now());
  const tasks = Array.from({ length: 7 }, (_, index) => aTask({ tenantId, taskId: newId("task", index + 1) }));
  for (const task of tasks) await commit(table, [createTask(task)]);
  const found: string[] = [];
  let after: string | undefined;
  do {
    const page = await listTasks(table, tenantId, { limit: 3, ...(after === undefined ? {} : { after }) });
    found.push(...page.items.map((task) => task.taskId));
    after = page.after;
  } while (after !== undefined);
  expect(found).toEqual(tasks.map((task) => task.taskId).toReversed());
});
