import { setTimeout as pause } from "node:timers/promises";
import { chargeBucket } from "@steward/aws/records/rate-bucket";
import { reserveSpend, settleSpend, spendIn } from "@steward/aws/records/spend";
import { dailyUse, heldBy, returnDaily, returnHolding, takeDaily, takeHolding } from "@steward/aws/records/usage";
import { releaseWaitSlot, takeWaitSlot } from "@steward/aws/records/wait-slot";
import type { Table } from "@steward/aws/table";
import { newId } from "@steward/contracts/ids";
import { createRateLimiter } from "@steward/control/rate-limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, startEngine } from "./support/engine.ts";

let engine: Engine;
/** Each with a client of its own, as instances have. */
let instances: Table[];

beforeAll(async () => {
  engine = await startEngine();
  instances = Array.from({ length: 8 }, () => ({ client: engine.client(), name: engine.table.name }));
});
afterAll(() => engine.stop());

const nowMs = 1_800_000_000_000;
const aTenant = () => newId("tenant", Date.now());
const instance = (index: number): Table => instances[index % instances.length] ?? engine.table;
const many = async <T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));
const tally = (results: readonly { kind: string }[], kind: string) => results.filter((one) => one.kind === kind).length;

/** A table whose calls are counted; with `drop`, each reply is lost once after the call was carried out. */
function watched({ drop = false } = {}): { table: Table; updates: () => number } {
  const client = engine.client();
  let updates = 0;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context["commandName"] !== "UpdateCommand" && context["commandName"] !== "UpdateItemCommand")
        return next(args);
      updates += 1;
      const answer = await next(args);
      if (drop && updates % 2 === 1) throw Object.assign(new Error("the reply was lost"), { name: "TimeoutError" });
      return answer;
    },
    { step: "deserialize", priority: "high", name: "watch" },
  );
  return { table: { client, name: engine.table.name }, updates: () => updates };
}

describe("a bucket", () => {
  const rate = { perSecond: 10, burst: 50 };
  const fresh = () => ({ kind: "principal" as const, id: newId("person", Date.now()) });

  test("of eight instances at once lets through a burst and not one more", async () => {
    const owner = fresh();
    const charged = await many(200, (index) => chargeBucket(instance(index), { owner, rate, nowMs }));
    expect(tally(charged, "taken")).toBe(50);
    // A second later the rate's ten are there, again for all of them together.
    const later = await many(200, (index) => chargeBucket(instance(index), { owner, rate, nowMs: nowMs + 1_000 }));
    expect(tally(later, "taken")).toBe(10);
  });

  test("over ten seconds of calls from instances whose clocks differ by a second gives a burst and the rate", async () => {
    const owner = fresh();
    let taken = 0;
    for (let second = 0; second < 10; second++) {
      const charged = await many(40, (index) =>
        chargeBucket(instance(index), { owner, rate, nowMs: nowMs + second * 1_000 + (index % 2) * 1_000 }),
      );
      taken += tally(charged, "taken");
    }
    expect(taken).toBeLessThanOrEqual(rate.burst + 11 * rate.perSecond);
    expect(taken).toBeGreaterThanOrEqual(rate.burst + 9 * rate.perSecond);
  });

  test("costs one write a call, and a refused call none once the instance knows", async () => {
    const { table, updates } = watched();
    const limiter = createRateLimiter(
      { table, nowMs: () => nowMs, log: () => undefined },
      { principal: { perSecond: 10, burst: 5 }, tenant: rate, source: rate },
    );
    const owner = fresh();
    for (let call = 0; call < 5; call++) expect((await limiter.charge([owner])).kind).toBe("allowed");
    expect(updates()).toBe(5);
    for (let call = 0; call < 100; call++) {
      expect(await limiter.charge([owner])).toMatchObject({ kind: "refused", retryAfterSeconds: 1 });
    }
    expect(updates()).toBe(5);
  });

  test("of a principal that is refused leaves its tenant's alone", async () => {
    const tenant = { kind: "tenant" as const, id: aTenant() };
    const rates = { principal: { perSecond: 1, burst: 2 }, tenant: { perSecond: 1, burst: 5 }, source: rate };
    const limiters = instances.map((table) =>
      createRateLimiter({ table, nowMs: () => nowMs, log: () => undefined }, rates),
    );
    const flood = fresh();
    const flooded = await many(80, async (index) => {
      const limiter = limiters[index % limiters.length];
      return limiter?.charge([flood, tenant]) ?? { kind: "absent" };
    });
    expect(tally(flooded, "allowed")).toBe(2);
    const other = await limiters[0]?.charge([fresh(), tenant]);
    expect(other).toMatchObject({ kind: "allowed", left: [{ remaining: 1 }, { name: "tenant", remaining: 2 }] });
  });

  test("that a clock an hour ahead has left is set right by the next call, and full again after a burst's time", async () => {
    const owner = fresh();
    await chargeBucket(engine.table, { owner, rate, nowMs: nowMs + 3_600_000 });
    expect((await chargeBucket(engine.table, { owner, rate, nowMs })).kind).toBe("refused");
    const later = await many(60, (index) => chargeBucket(instance(index), { owner, rate, nowMs: nowMs + 5_000 }));
    expect(tally(later, "taken")).toBe(50);
  });

  test("that cannot be reached lets calls through, and says so once", async () => {
    const told: string[] = [];
    const client = engine.client();
    client.middlewareStack.add(
      () => async () => Promise.reject(Object.assign(new Error("down"), { name: "TimeoutError" })),
      {
        step: "deserialize",
        name: "down",
      },
    );
    const limiter = createRateLimiter(
      { table: { client, name: engine.table.name }, nowMs: () => nowMs, log: (_level, event) => void told.push(event) },
      { principal: rate, tenant: rate, source: rate },
    );
    for (let call = 0; call < 3; call++) expect(await limiter.charge([fresh()])).toEqual({ kind: "allowed", left: [] });
    expect(told).toEqual(["rate_limits_unavailable"]);
  });

  test("that is written too often is refused, not let through", async () => {
    const client = engine.client();
    client.middlewareStack.add(
      () => async () => Promise.reject(Object.assign(new Error("slow"), { name: "ThrottlingException" })),
      { step: "deserialize", name: "throttled" },
    );
    const limiter = createRateLimiter(
      { table: { client, name: engine.table.name }, nowMs: () => nowMs, log: () => undefined },
      { principal: rate, tenant: rate, source: rate },
    );
    expect(await limiter.charge([fresh()])).toMatchObject({ kind: "refused", retryAfterSeconds: 1 });
  });
});

describe("a day's quota", () => {
  const day = "2027-01-15";
  const take = (table: Table, tenantId: string, amount: number, limit: number) =>
    takeDaily(table, { tenantId, day, what: "tasks", amount, limit, nowMs });

  test("is never exceeded by many at once, and never another tenant's", async () => {
    const [flood, other] = [aTenant(), aTenant()];
    const results = await many(200, (index) => take(instance(index), flood, 1, 70));
    expect(tally(results, "taken")).toBe(70);
    expect(await dailyUse(engine.table, flood, day)).toEqual({ tasks: 70, outputBytes: 0 });
    expect(await take(engine.table, other, 1, 70)).toEqual({ kind: "taken", used: 1 });
  });

  test("takes what fits and nothing of what does not; what was not made is taken back", async () => {
    const tenantId = aTenant();
    expect((await take(engine.table, tenantId, 60, 100)).kind).toBe("taken");
    expect(await take(engine.table, tenantId, 41, 100)).toEqual({ kind: "full", used: 60 });
    expect((await take(engine.table, tenantId, 101, 100)).kind).toBe("full");
    expect((await take(engine.table, tenantId, 40, 100)).kind).toBe("taken");
    await returnDaily(engine.table, { tenantId, day, what: "tasks", amount: 60 });
    expect(await take(engine.table, tenantId, 60, 100)).toEqual({ kind: "taken", used: 100 });
  });

  test("of nothing is full at once", async () => {
    expect(await take(engine.table, aTenant(), 1, 0)).toEqual({ kind: "full", used: 0 });
  });
});

describe("what is held until it ends", () => {
  const input = (tenantId: string, over: { limit?: number; count?: number; nowMs?: number } = {}) => ({
    tenantId,
    holding: "jobs" as const,
    limit: over.limit ?? 20,
    nowMs: over.nowMs ?? nowMs,
    count: async () => over.count ?? 0,
  });

  test("is never more than the limit, with takes and returns at once", async () => {
    const tenantId = aTenant();
    let held = 0;
    let most = 0;
    let refused = 0;
    // Each goes on until it has had its turns: one that never gets any would not come to an end.
    await many(8, async (worker) => {
      for (let done = 0; done < 10; ) {
        const one = input(tenantId, { limit: 5 });
        const taken = await takeHolding(instance(worker), one);
        if (taken.kind !== "taken") {
          refused += 1;
          continue;
        }
        most = Math.max(most, ++held);
        // What is held is held for a while, or nobody would ever find it full.
        await pause(Math.random() * 20);
        held -= 1;
        await returnHolding(instance(worker), one);
        done += 1;
      }
    });
    expect(most).toBeLessThanOrEqual(5);
    expect(refused).toBeGreaterThan(0);
    expect(await heldBy(engine.table, tenantId, "jobs")).toBe(0);
  });

  test("begins with what is there already", async () => {
    const tenantId = aTenant();
    const results = await many(30, (index) => takeHolding(instance(index), input(tenantId, { count: 15 })));
    expect(tally(results, "taken")).toBe(5);
    expect(await heldBy(engine.table, tenantId, "jobs")).toBe(20);
  });

  test("that deaths have left too high is counted anew once it has stood still for a minute, and not before", async () => {
    const tenantId = aTenant();
    await many(20, (index) => takeHolding(instance(index), input(tenantId)));
    const soon = nowMs + 59_999;
    expect((await takeHolding(engine.table, input(tenantId, { count: 3, nowMs: soon }))).kind).toBe("full");
    const results = await many(40, (index) =>
      takeHolding(instance(index), input(tenantId, { count: 3, nowMs: nowMs + 60_000 })),
    );
    expect(tally(results, "taken")).toBe(17);
  });

  test("is counted once, and given back once, where every other reply is lost", async () => {
    const tenantId = aTenant();
    const { table } = watched({ drop: true });
    for (let turn = 1; turn <= 5; turn++) {
      expect(await takeHolding(table, input(tenantId))).toEqual({ kind: "taken", used: turn });
    }
    for (let turn = 1; turn <= 3; turn++) await returnHolding(table, input(tenantId));
    expect(await heldBy(engine.table, tenantId, "jobs")).toBe(2);
  });

  test("is never less than nothing", async () => {
    const tenantId = aTenant();
    await returnHolding(engine.table, input(tenantId));
    expect(await heldBy(engine.table, tenantId, "jobs")).toBeUndefined();
    await takeHolding(engine.table, input(tenantId));
    for (let turn = 0; turn < 3; turn++) await returnHolding(engine.table, input(tenantId));
    expect(await heldBy(engine.table, tenantId, "jobs")).toBe(0);
  });
});

describe("a month's budget", () => {
  const month = "2027-01";
  const reservation = (tenantId: string, id: string, micros = 180_000) => ({
    tenantId,
    month,
    id,
    micros,
    expiresAtMs: nowMs + 180_000,
  });
  const limits = (limitMicros: number) => ({ limitMicros, nowMs });

  test("is never overshot by eight that ask in bursts, whatever each question then costs", async () => {
    const tenantId = aTenant();
    const limitMicros = 3_000_000;
    let spent = 0;
    let asked = 0;
    await many(8, async (worker) => {
      for (let turn = 0; turn < 40; turn++) {
        const one = reservation(tenantId, `${worker}-${turn}`);
        const reserved = await reserveSpend(instance(worker), one, limits(limitMicros));
        if (reserved.kind === "full") continue;
        const cost = ((worker * 40 + turn) * 7_919) % one.micros;
        spent += cost;
        asked += 1;
        expect(spent).toBeLessThanOrEqual(limitMicros);
        await settleSpend(instance(worker), one, cost);
      }
    });
    expect(asked).toBeGreaterThan(20);
    expect(await spendIn(engine.table, tenantId, month, nowMs)).toEqual({ spentMicros: spent, reservedMicros: 0 });
    expect(spent).toBeGreaterThan(limitMicros - 180_000);
  });

  test("of another tenant is untouched by a flood", async () => {
    const [flood, other] = [aTenant(), aTenant()];
    const results = await many(100, (index) =>
      reserveSpend(instance(index), reservation(flood, `${index}`), limits(900_000)),
    );
    expect(tally(results, "reserved")).toBe(5);
    expect(await reserveSpend(engine.table, reservation(other, "1"), limits(900_000))).toEqual({ kind: "reserved" });
  });

  test("counts what somebody who died had reserved as spent: it may be on the bill", async () => {
    const tenantId = aTenant();
    await reserveSpend(engine.table, reservation(tenantId, "dead"), limits(300_000));
    expect(await spendIn(engine.table, tenantId, month, nowMs)).toEqual({ spentMicros: 0, reservedMicros: 180_000 });
    const laterMs = nowMs + 180_000;
    expect(await spendIn(engine.table, tenantId, month, laterMs)).toEqual({ spentMicros: 180_000, reservedMicros: 0 });
    expect(await reserveSpend(engine.table, reservation(tenantId, "next"), limits(300_000))).toMatchObject({
      kind: "full",
      spend: { reservedMicros: 180_000 },
    });
    expect(await reserveSpend(engine.table, reservation(tenantId, "small", 120_000), limits(300_000))).toEqual({
      kind: "reserved",
    });
  });

  test("is reserved and settled once, where every other reply is lost", async () => {
    const tenantId = aTenant();
    const { table } = watched({ drop: true });
    for (const id of ["a", "b", "c"]) {
      const one = reservation(tenantId, id);
      expect(await reserveSpend(table, one, limits(1_000_000))).toEqual({ kind: "reserved" });
      await settleSpend(table, one, 10_000);
      await settleSpend(table, one, 10_000);
    }
    expect(await spendIn(engine.table, tenantId, month, nowMs)).toEqual({ spentMicros: 30_000, reservedMicros: 0 });
  });

  test("that is smaller than one question is never asked for", async () => {
    expect(await reserveSpend(engine.table, reservation(aTenant(), "1"), limits(179_999))).toMatchObject({
      kind: "full",
    });
  });
});

describe("places to wait in", () => {
  const take = (principalId: string, owner: string, over: { nowMs?: number } = {}) =>
    takeWaitSlot(instance(owner.length), {
      principalId,
      owner,
      slots: 2,
      nowMs: over.nowMs ?? nowMs,
      untilMs: (over.nowMs ?? nowMs) + 25_000,
    });

  test("are two, however many want one at once, and each principal has its own", async () => {
    const principalId = newId("person", Date.now());
    const taken = await many(20, (index) => take(principalId, `call-${index}`));
    expect(taken.filter((one) => one !== undefined)).toHaveLength(2);
    expect(await take(newId("person", Date.now()), "other")).toBeDefined();
  });

  test("are free again when given back, and at their time where their holder has died", async () => {
    const principalId = newId("person", Date.now());
    const first = await take(principalId, "a");
    await take(principalId, "b");
    expect(await take(principalId, "c")).toBeUndefined();
    if (first !== undefined) await releaseWaitSlot(engine.table, first);
    expect(await take(principalId, "c")).toBeDefined();
    expect(await take(principalId, "d")).toBeUndefined();
    expect(await take(principalId, "d", { nowMs: nowMs + 25_000 })).toBeDefined();
    // A late return of a place that has a new holder changes nothing.
    if (first !== undefined) await releaseWaitSlot(engine.table, first);
    expect(await take(principalId, "e", { nowMs: nowMs + 25_001 })).toBeDefined();
    expect(await take(principalId, "f", { nowMs: nowMs + 25_002 })).toBeUndefined();
  });
});
