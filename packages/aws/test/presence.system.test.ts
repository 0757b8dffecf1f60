import type { Heartbeat } from "@steward/contracts/heartbeat";
import { newId, runIdOf } from "@steward/contracts/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { maxPendingRuns } from "../src/records/presence.ts";
import * as presences from "../src/records/presence.ts";
import { presenceKey } from "../src/records/presence-item.ts";
import { commit, readItem, type Table } from "../src/table.ts";
import { type Engine, startEngine } from "./support/engine.ts";
import { itemBytes } from "./support/item-bytes.ts";
import { aPresence, fingerprint } from "./support/states.ts";

let engine: Engine;
let table: Table;

beforeAll(async () => {
  engine = await startEngine();
  table = engine.table;
});
afterAll(async () => {
  await engine?.stop();
});

const metrics = { cpuPercent: 12.5, memoryPercent: 40, diskPercent: 61, loadAverage1m: 0.7, uptimeSeconds: 86_400 };

function aHeartbeat(over: Partial<Heartbeat> = {}): Heartbeat {
  return {
    sequence: 1,
    intervalSeconds: 60,
    metrics,
    agentVersion: "1.0.0",
    configRevision: 1,
    conditions: [],
    ...over,
  };
}

async function aNode(over: Parameters<typeof aPresence>[0] = {}) {
  const presence = aPresence(over);
  await commit(table, [presences.createPresence(presence)]);
  const beat = (heartbeat: Partial<Heartbeat>, by = fingerprint("a")) =>
    presences.beat(table, { nodeId: presence.nodeId, fingerprint: by, heartbeat: aHeartbeat(heartbeat), nowMs: 1000 });
  return { presence, nodeId: presence.nodeId, beat, get: () => presences.getPresence(table, presence.nodeId) };
}

/** The next certificate, issued on the word of the one before it. */
const renewal = (before: string, next: string) => ({
  newest: fingerprint(before),
  fingerprint: fingerprint(next),
  expiresAtMs: 7,
});

test("a presence is read back as it was written", async () => {
  const { presence, get } = await aNode({
    nodeId: newId("worker", 1),
    m1: metrics,
    m2: { ...metrics, cpuPercent: 99.99 },
    agentVersion: "1.2.3",
    factsDigest: "0123456789abcdef".repeat(4),
    capacity: { slots: 4, used: 1 },
    models: ["llama3.2:3b"],
    gpus: [
      { name: "NVIDIA A10G", vramMb: 23_028, freeMb: 22_500, usedPercent: 0 },
      { name: "NVIDIA A10G", vramMb: 23_028, freeMb: 100 },
    ],
    draining: false,
    pulling: { model: "llama3.1:8b", percent: 41, problem: "failing" },
    certificate: { current: fingerprint("a"), next: fingerprint("b"), revoked: false },
    directive: {
      intervalSeconds: 15,
      configRevision: 7,
      pendingRuns: [runIdOf(newId("rollout", 5), 0), runIdOf(newId("rollout", 6), 36 ** 4 - 1)],
      thresholds: { cpuPercent: [70, 90] },
    },
    announced: { level: "warning", epoch: 3 },
  });
  expect(await get()).toEqual(presence);
});

test("the last three metric sets stay, newest first, and the answer comes from the record as it was", async () => {
  const { beat, get } = await aNode();
  for (const sequence of [1, 2, 3, 4]) {
    const outcome = await beat({ sequence, metrics: { ...metrics, cpuPercent: sequence } });
    expect(outcome).toMatchObject({ kind: "accepted", before: { sequence: sequence - 1 } });
  }
  const stored = await get();
  expect([stored?.m1, stored?.m2, stored?.m3].map((one) => one?.cpuPercent)).toEqual([4, 3, 2]);
  expect(stored).toMatchObject({ sequence: 4, lastSeenAtMs: 1000, agentVersion: "1.0.0" });
});

test("what a worker pulls is shown until a heartbeat says nothing of it; an older worker's is read as ever", async () => {
  const { beat, get } = await aNode({ nodeId: newId("worker", Date.now()) });
  const gpus = [{ name: "NVIDIA A10G", vramMb: 23_028, freeMb: 22_500, usedPercent: 3 }];
  await beat({ sequence: 1, gpus, pulling: { model: "llama3.1:8b", percent: 41.5 } });
  expect(await get()).toMatchObject({ gpus, pulling: { model: "llama3.1:8b", percent: 42 } });
  await beat({ sequence: 2, gpus: [] });
  const after = await get();
  expect(after?.gpus).toEqual([]);
  expect(after).not.toHaveProperty("pulling");
});

test("the same sequence is a retry, a lower one is stale", async () => {
  const { beat } = await aNode();
  await beat({ sequence: 5 });
  expect(await beat({ sequence: 5 })).toMatchObject({ kind: "retry", stored: { sequence: 5 } });
  expect(await beat({ sequence: 4 })).toEqual({ kind: "stale", sequence: 5 });
});

test("another certificate, a revoked one and an unknown node are refused, whatever the sequence", async () => {
  const { beat, nodeId } = await aNode();
  await beat({ sequence: 1 });
  expect(await beat({ sequence: 2 }, fingerprint("c"))).toEqual({ kind: "refused" });
  expect(await beat({ sequence: 1 }, fingerprint("c"))).toEqual({ kind: "refused" });
  await commit(table, [presences.revokePresence(nodeId, fingerprint("a"))]);
  expect(await beat({ sequence: 2 })).toEqual({ kind: "refused" });
  expect(await beat({ sequence: 1 })).toEqual({ kind: "refused" });
  const nobody = { nodeId: newId("appliance", 1), fingerprint: fingerprint("a"), heartbeat: aHeartbeat(), nowMs: 1 };
  expect(await presences.beat(table, nobody)).toEqual({ kind: "refused" });
  expect(await presences.getPresence(table, nobody.nodeId)).toBeUndefined();
});

test("a renewed certificate is accepted beside the old one until it is used", async () => {
  const { beat, get, nodeId } = await aNode();
  await commit(table, [presences.setNextCertificate(nodeId, renewal("a", "b"))]);
  expect(await beat({ sequence: 1 })).toMatchObject({ kind: "accepted" });
  const expiresAtMs = 7;
  expect((await get())?.certificate).toEqual({
    current: fingerprint("a"),
    next: fingerprint("b"),
    revoked: false,
    expiresAtMs,
  });
  expect(await beat({ sequence: 2 }, fingerprint("b"))).toMatchObject({ kind: "accepted" });
  expect((await get())?.certificate).toEqual({ current: fingerprint("b"), revoked: false, expiresAtMs });
  expect(await beat({ sequence: 3 })).toEqual({ kind: "refused" });
});

test("a revoked node gets no further certificate", async () => {
  const { nodeId } = await aNode();
  await commit(table, [presences.revokePresence(nodeId, fingerprint("a"))]);
  await expect(commit(table, [presences.setNextCertificate(nodeId, renewal("a", "b"))])).rejects.toMatchObject({
    code: "conflict",
  });
});

test("a renewal and a revocation are decided on the newest certificate, or not at all", async () => {
  const { beat, nodeId } = await aNode();
  await commit(table, [presences.setNextCertificate(nodeId, renewal("a", "b"))]);
  // Both were decided before B was issued.
  for (const late of [
    presences.setNextCertificate(nodeId, renewal("a", "c")),
    presences.revokePresence(nodeId, fingerprint("a")),
  ]) {
    await expect(commit(table, [late])).rejects.toMatchObject({ code: "conflict" });
  }
  await beat({ sequence: 1 }, fingerprint("b"));
  await commit(table, [presences.setNextCertificate(nodeId, renewal("b", "c"))]);
  await commit(table, [presences.revokePresence(nodeId, fingerprint("c"))]);
  for (const one of ["a", "b", "c"]) expect(await beat({ sequence: 9 }, fingerprint(one))).toEqual({ kind: "refused" });
});

test("one of two who announce the same change does, and not once the node was heard of again", async () => {
  const { beat, nodeId } = await aNode();
  await beat({ sequence: 1 });
  const say = (level: "offline" | "healthy", epoch: number, ifSequence: number) =>
    presences.announce(table, { nodeId, epochBefore: epoch - 1, announced: { level, epoch }, ifSequence });
  expect(await say("healthy", 1, 1)).toBe(true);
  expect(await say("offline", 1, 1)).toBe(false);
  await beat({ sequence: 2 });
  expect(await say("offline", 2, 1)).toBe(false);
  expect(await say("offline", 2, 2)).toBe(true);
});

test("pending runs are a list of at most twenty, each once", async () => {
  const { nodeId, get } = await aNode();
  const rollout = newId("rollout", Date.now());
  const runs = Array.from({ length: maxPendingRuns }, (_, index) => runIdOf(rollout, index));
  const added = await Promise.all([...runs, ...runs].map((run) => presences.addPendingRun(table, nodeId, run)));
  expect(new Set(added)).toEqual(new Set([true]));
  expect(await presences.addPendingRun(table, nodeId, runIdOf(rollout, 99))).toBe(false);
  expect(await presences.addPendingRun(table, nodeId, runIdOf(rollout, 0))).toBe(true);
  expect((await get())?.directive.pendingRuns).toEqual(runs);
  for (const run of [...runs, runIdOf(rollout, 99)]) await presences.removePendingRun(table, nodeId, run);
  expect((await get())?.directive.pendingRuns).toEqual([]);
});

test("nothing makes a presence but its creation", async () => {
  const nodeId = newId("appliance", 1);
  const { runId } = { runId: runIdOf(newId("rollout", 1), 0) };
  expect(await presences.addPendingRun(table, nodeId, runId)).toBe(false);
  await presences.removePendingRun(table, nodeId, runId);
  expect(await presences.setDirective(table, nodeId, { intervalSeconds: 15 })).toBe(false);
  expect(await presences.announce(table, { nodeId, epochBefore: 0, announced: { level: "healthy", epoch: 1 } })).toBe(
    false,
  );
  expect(await presences.getPresence(table, nodeId)).toBeUndefined();
});

test("a directive changes only what is given", async () => {
  const { nodeId, get } = await aNode();
  await presences.setDirective(table, nodeId, { intervalSeconds: 15 });
  await presences.setDirective(table, nodeId, { thresholds: { diskPercent: [50, 60] } });
  expect((await get())?.directive).toEqual({
    intervalSeconds: 15,
    configRevision: 1,
    pendingRuns: [],
    thresholds: { diskPercent: [50, 60] },
  });
});

test("every node is found once in the sweep's shards and in batches", async () => {
  const ids = new Set<string>();
  for (let index = 0; index < 120; index++) ids.add((await aNode()).nodeId);
  const swept: string[] = [];
  for (let shard = 0; shard < presences.presenceShards; shard++) {
    let after: string | undefined;
    do {
      const page = await presences.listPresenceShard(table, shard, after);
      swept.push(...page.items.map((presence) => presence.nodeId));
      after = page.after;
    } while (after !== undefined);
  }
  expect(swept).toHaveLength(new Set(swept).size);
  expect(swept).toEqual(expect.arrayContaining([...ids]));
  const batch = await presences.batchGetPresence(table, [...ids, newId("appliance", 1)]);
  expect(new Set(batch.map((presence) => presence.nodeId))).toEqual(ids);
});

test.each(["appliance", "worker"] as const)("the largest legal heartbeat of an %s is one write unit", async (kind) => {
  const widest = "😀".repeat(20);
  const largest: Partial<Heartbeat> = {
    sequence: Number.MAX_SAFE_INTEGER - 3,
    intervalSeconds: 3599,
    metrics: {
      cpuPercent: 100 / 3,
      memoryPercent: 200 / 3,
      diskPercent: 100 / 7,
      loadAverage1m: 99_999.123456789,
      uptimeSeconds: Number.MAX_VALUE,
    },
    agentVersion: widest,
    configRevision: Number.MAX_SAFE_INTEGER,
    factsDigest: "f".repeat(64),
    conditions: Array.from({ length: 20 }, (_, index) => ({
      kind: "service",
      subject: `${index}${"x".repeat(18)}`,
      level: "critical" as const,
    })),
    capacity: { slots: 1023, used: 1023 },
    models: Array.from({ length: 32 }, (_, index) => `${index}${"m".repeat(110)}`),
    gpus: Array.from({ length: 16 }, (_, index) => ({
      name: `${index}${"g".repeat(78)}`,
      vramMb: 99_999_999 - index,
      freeMb: 99_999_999 - index,
      usedPercent: 99.99,
    })),
    draining: true,
    pulling: { model: "p".repeat(120), percent: 33.333, problem: "disk_full" },
  };
  const { nodeId } = await aNode({
    nodeId: newId(kind, Date.now()),
    certificate: { current: fingerprint("a"), next: fingerprint("b"), revoked: false },
    directive: {
      intervalSeconds: 3599,
      configRevision: Number.MAX_SAFE_INTEGER,
      pendingRuns:
        kind === "worker" ? [] : Array.from({ length: 20 }, (_, index) => runIdOf(newId("rollout", 1), index)),
      thresholds: {
        cpuPercent: [79.99, 95.55],
        memoryPercent: [79.99, 95.55],
        diskPercent: [79.99, 95.55],
        loadAverage1m: [79.99, 95.55],
      },
    },
    announced: { level: "critical", epoch: Number.MAX_SAFE_INTEGER, metrics: [2, 2, 2, 2], conditions: 0xffffffff },
  });
  const units: unknown[] = [];
  const counting = engine.client();
  counting.middlewareStack.add(
    (next) => async (request) => {
      // What the caller does not ask for is asked for here: the same call, with its price.
      Object.assign(request.input, { ReturnConsumedCapacity: "INDEXES" });
      const answer = await next(request);
      units.push((answer.output as { ConsumedCapacity?: unknown }).ConsumedCapacity);
      return answer;
    },
    { step: "initialize", name: "countsUnits", priority: "low" },
  );
  for (let turn = 0; turn < 4; turn++) {
    const heartbeat = aHeartbeat({ ...largest, sequence: Number.MAX_SAFE_INTEGER - 3 + turn });
    const now = { nodeId, fingerprint: fingerprint("a"), heartbeat, nowMs: 9_999_999_999_999 };
    expect(await presences.beat({ ...table, client: counting }, now)).toMatchObject({ kind: "accepted" });
  }
  expect(units).toHaveLength(4);
  for (const consumed of units) {
    expect(consumed).toMatchObject({ CapacityUnits: 1, Table: { CapacityUnits: 1 } });
    // No index was written: none is named, or none with units.
    const { GlobalSecondaryIndexes: indexes = {} } = consumed as {
      GlobalSecondaryIndexes?: Record<string, { CapacityUnits: number }>;
    };
    expect(Object.values(indexes).filter((index) => index.CapacityUnits > 0)).toEqual([]);
  }
  const item = await readItem(table, presenceKey(nodeId));
  expect(Object.keys(item ?? {}).filter((name) => /^(gsi|due)/.test(name))).toEqual([]);
  expect(itemBytes(item ?? {})).toBeLessThan(1024);
});
