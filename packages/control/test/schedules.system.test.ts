import { listAudit } from "@steward/aws/records/audit";
import { listNodes, replaceNode } from "@steward/aws/records/node";
import { createPerson, getPerson, replacePerson } from "@steward/aws/records/person";
import { getSchedule } from "@steward/aws/records/schedule";
import { getTask, listTasks } from "@steward/aws/records/task";
import { getTenant, replaceTenant } from "@steward/aws/records/tenant";
import { dailyUse } from "@steward/aws/records/usage";
import { commit, type Table } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { newId } from "@steward/contracts/ids";
import { dayOf } from "@steward/contracts/periods";
import type { Role } from "@steward/contracts/roles";
import { type CreateSchedule, createScheduleSchema, type ScheduleView } from "@steward/contracts/schedule";
import { approveSchedule } from "@steward/control/approve-schedule";
import type { Caller } from "@steward/control/context";
import { taskIdOf } from "@steward/control/plan-schedule";
import { runSchedules } from "@steward/control/run-schedules";
import * as schedules from "@steward/control/schedules";
import { reduceTenant } from "@steward/core/tenant/reduce-tenant";
import { createWindow } from "@steward/control/windows";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { testActions } from "../../core/test/fixtures.ts";
import { type House, openHouse } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

const hourMs = 3_600_000;
const signer = testSigner();

let house: House;
let author: Caller;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(async () => {
  await house.stop();
});
beforeEach(async () => {
  author = await house.tenant();
  await house.machine(author.tenantId, "appliance");
});

afterEach(async () => {
  for (const { id } of (await schedules.listSchedules(house, author, { limit: 10 })).items) {
    await schedules.removeSchedule(house, author, { scheduleId: id });
  }
});

const deps = (table: Table = house.table) => ({ ...house, table, loadActions: async () => testActions });
const tick = (table?: Table) => runSchedules(deps(table));
const add = (changes: object = {}) => schedules.createSchedule(house, author, definitionOf(changes) as CreateSchedule);
const definitionOf = (changes: object) =>
  createScheduleSchema.parse({
    name: "lists",
    when: { rate: "every hour" },
    steps: [{ action: "users.add", variables: { username: "john" } }],
    targets: ["all"],
    overlap: "allow",
    late: { policy: "run", withinMinutes: 600 },
    ...changes,
  });
const riskyStep = { steps: [{ action: "users.remove", variables: { username: "bob" } }] };
const look = (view: ScheduleView) => schedules.getSchedule(house, author, { scheduleId: view.id }, {});
const tasksNow = async () => (await listTasks(house.table, author.tenantId, { limit: 200 })).items;
const approve = async (view: ScheduleView, who: Caller, days = 90) =>
  approveSchedule({ ...house, signer }, who, { scheduleId: view.id }, { ...(await shown(view)), days });
const shown = async (view: ScheduleView) => {
  const { now } = await look(view);
  return { standingHash: now?.standingHash ?? "", definitionHash: now?.definitionHash ?? "" };
};
const denied = (error: unknown) => hasCode(error, "denied_by_gate");

async function limitTasks(tasksPerDay: number): Promise<void> {
  const tenant = await getTenant(house.table, author.tenantId);
  if (tenant === undefined) throw new Error("no tenant");
  const limited = reduceTenant(tenant, { type: "set_limits", limits: { tasksPerDay } }, house.nowMs());
  await commit(house.table, [replaceTenant(tenant, limited)]);
}

/** Somebody else of the tenant. */
async function colleague(role: Role): Promise<Caller> {
  const id = newId("person", house.nowMs());
  const grants = [{ tenant: author.tenantId, role }];
  await commit(house.table, [
    createPerson({
      v: 1,
      version: 1,
      personId: id,
      name: "Grace",
      issuer: "bootstrap",
      subject: id,
      grants,
      createdAtMs: house.nowMs(),
    }),
  ]);
  return { ...author, principal: { kind: "person", id, name: "Grace", grants }, role };
}

/** A table whose process is killed at its n-th write: before it reaches the table, or after it, with the answer lost. */
function killedAt(count: number, moment: "before" | "after"): { table: Table; writes: () => number } {
  let writes = 0;
  let dead = false;
  const client = new Proxy(house.table.client, {
    get(target, name, receiver) {
      if (name !== "send") return Reflect.get(target, name, receiver) as unknown;
      return async (command: { constructor: { name: string } }) => {
        if (dead) throw new Error("killed");
        const isWrite = /Put|Update|TransactWrite/.test(command.constructor.name);
        if (isWrite) writes += 1;
        if (isWrite && writes === count) {
          dead = true;
          if (moment === "after") await target.send(command as never);
          throw new Error("killed");
        }
        return target.send(command as never);
      };
    },
  });
  return { table: { ...house.table, client }, writes: () => writes };
}

it("each due time becomes one task with the rollout that does it, whatever a scheduler is killed at", async () => {
  const view = await add();
  const dueTimes: number[] = [];
  for (const moment of ["before", "after"] as const) {
    for (let count = 1; ; count += 1) {
      house.passTime(hourMs);
      const [next = ""] = (await look(view)).next;
      dueTimes.push(Date.parse(next));
      const killed = killedAt(count, moment);
      await tick(killed.table);
      await tick();
      if (killed.writes() < count) break;
    }
  }
  expect(dueTimes.length).toBeGreaterThan(3);
  const ids = dueTimes.map((due) => taskIdOf({ scheduleId: view.id }, due));
  const tasks = await tasksNow();
  expect(tasks.map((task) => task.taskId).sort()).toEqual([...ids].sort());
  expect(new Set(tasks.map((task) => task.rolloutId)).size).toBe(ids.length);
  expect(tasks[0]).toMatchObject({ status: "running", source: { kind: "schedule", id: view.id } });
  expect((await look(view)).log[0]).toMatchObject({ outcome: "started" });
});

it("two schedulers at the same time do each due time once", async () => {
  const view = await add();
  const first = Date.parse(view.next[0] ?? "");
  for (let hours = 0; hours < 3; hours += 1) {
    house.passTime(2 * hourMs);
    await Promise.all([tick(), tick()]);
  }
  const tasks = await tasksNow();
  const wanted = Array.from({ length: 6 }, (_, index) => taskIdOf({ scheduleId: view.id }, first + index * hourMs));
  expect(tasks.map((task) => task.taskId).sort()).toEqual(wanted.sort());
  // Each is a request of its own, though nobody called: the task, the due time that was done, and what follows.
  expect(new Set(tasks.map((task) => task.requestId)).size).toBe(6);
  const request = tasks[0]?.requestId ?? "";
  const { items } = await listAudit(house.table, author.tenantId, { limit: 10, request });
  expect(items.map(({ entry }) => entry.what).sort()).toEqual(["run-schedule", "started-due-time"]);
});

it("a due time that was done is not done again by a schedule that comes back under the same name", async () => {
  const view = await add();
  house.passTime(hourMs);
  await tick();
  await schedules.removeSchedule(house, author, { scheduleId: view.id });
  expect((await schedules.listSchedules(house, author, { limit: 10 })).items).toEqual([]);
  await expect(look(view)).rejects.toSatisfy((error) => hasCode(error, "not_found"));
  const again = await add();
  expect(again.id).toBe(view.id);
  await tick();
  expect(await tasksNow()).toHaveLength(1);
  await expect(add()).rejects.toMatchObject({
    code: "conflict",
    message: "there is a schedule lists already",
    retryable: false,
  });
});

it("what was missed while nothing ran is done by the late policy", async () => {
  const once = await add({ name: "once", late: { policy: "once", withinMinutes: 600 } });
  const skip = await add({ name: "skip", late: { policy: "skip" } });
  house.passTime(5 * hourMs + 10 * 60_000);
  await tick();
  expect((await look(once)).log.map((note) => note.outcome)).toEqual(["started", "skipped"]);
  expect((await look(skip)).log.map((note) => note.outcome)).toEqual(["skipped"]);
  expect(await tasksNow()).toHaveLength(1);
});

it("nothing runs for a suspended tenant", async () => {
  await add();
  const tenant = await getTenant(house.table, author.tenantId);
  if (tenant === undefined) throw new Error("no tenant");
  const suspended = { ...tenant, status: "suspended" as const, version: tenant.version + 1 };
  await commit(house.table, [replaceTenant(tenant, suspended)]);
  house.passTime(2 * hourMs);
  await tick();
  expect(await tasksNow()).toEqual([]);
  await commit(house.table, [replaceTenant(suspended, { ...tenant, version: suspended.version + 1 })]);
  house.passTime(60_000);
  await tick();
  expect(await tasksNow()).toHaveLength(2);
});

it("an author who lost the role is refused by the gate, the schedule says so, and then rests", async () => {
  const view = await add();
  const person = await getPerson(house.table, author.principal.id);
  if (person === undefined) throw new Error("no person");
  await commit(house.table, [replacePerson(person, { ...person, grants: [], version: person.version + 1 })]);
  for (let times = 0; times < 4; times += 1) {
    house.passTime(hourMs);
    await tick();
  }
  const now = await look(view);
  expect(now).toMatchObject({ status: "paused", paused: { by: "steward:schedule" } });
  expect(now.log).toHaveLength(3);
  expect(now.log[0]).toMatchObject({ outcome: "refused", why: expect.stringContaining("no role here any more") });
  expect((await tasksNow()).map((task) => task.status)).toEqual(["failed", "failed", "failed"]);
});

it("what needs a yes waits for one, until somebody gives it for every time", async () => {
  const view = await add(riskyStep);
  house.passTime(hourMs);
  await tick();
  expect((await look(view)).log[0]).toMatchObject({ outcome: "waits" });
  expect((await approve(view, author)).standing).toMatchObject({ name: "Ada" });
  house.passTime(hourMs);
  await tick();
  const [task] = await tasksNow();
  expect(task).toMatchObject({ status: "running", schedule: { standing: { type: "steward-standing-approval-v1" } } });
  // More match now than it is for: somebody has to look.
  for (let more = 0; more < 3; more += 1) await house.machine(author.tenantId, "appliance", `new-${more}`);
  const capped = await add({ ...riskyStep, name: "capped", maxTargets: 3 });
  await expect(approve(capped, author)).resolves.toMatchObject({ standing: { by: author.principal.id } });
  house.passTime(hourMs);
  await tick();
  expect((await look(capped)).log[0]).toMatchObject({ outcome: "waits", why: expect.stringContaining("4 appliances") });
  // And a low risk waits too, beyond its cap.
  const low = await add({ name: "low", maxTargets: 3 });
  house.passTime(hourMs);
  await tick();
  expect((await look(low)).log[0]).toMatchObject({ outcome: "waits" });
});

it("a standing approval is for this content, and ends with it, with its time, its giver's role or its revocation", async () => {
  const view = await add(riskyStep);
  const key = { tenantId: author.tenantId, scheduleId: view.id };
  const outcome = async () => {
    house.passTime(hourMs);
    await tick();
    return (await look(view)).log[0]?.outcome;
  };
  const another = { ...(await shown(view)), standingHash: "a".repeat(64), days: 1 };
  await expect(approveSchedule({ ...house, signer }, author, { scheduleId: view.id }, another)).rejects.toSatisfy(
    (error) => hasCode(error, "plan_changed"),
  );
  const approver = await colleague("approver");
  await expect(approve(view, await colleague("operator"))).rejects.toSatisfy(denied);
  const daysLeft = (shown: ScheduleView) =>
    (Date.parse(shown.standing?.expiresAt ?? "") - house.nowMs()) / (24 * hourMs);
  expect(daysLeft(await approve(view, approver, 90))).toBe(90);
  // It can be shortened, and the same request once more changes nothing.
  const shortened = await approve(view, approver, 1);
  expect(daysLeft(shortened)).toBe(1);
  expect(await approve(view, approver, 1)).toEqual(shortened);
  expect(await outcome()).toBe("started");
  const before = await getSchedule(house.table, key);
  const person = await getPerson(house.table, approver.principal.id);
  if (person === undefined || before === undefined) throw new Error("nobody");
  const fallen = { ...person, grants: [{ tenant: author.tenantId, role: "viewer" as const }], version: 2 };
  await commit(house.table, [replacePerson(person, fallen)]);
  expect(await outcome()).toBe("waits");
  await commit(house.table, [replacePerson(fallen, { ...person, version: 3 })]);
  expect(await outcome()).toBe("started");
  await schedules.revokeScheduleApproval(house, author, { scheduleId: view.id });
  expect(await outcome()).toBe("waits");
  await approve(view, approver, 1);
  await schedules.pauseSchedule(house, author, { scheduleId: view.id }, {});
  house.passTime(22 * hourMs);
  await schedules.resumeSchedule(house, author, { scheduleId: view.id });
  expect(await outcome()).toBe("started");
  house.passTime(hourMs);
  expect(await outcome()).toBe("waits");
});

it("a yes is for all that was shown: who wrote it, when, how late and how often, and it ends with each of them", async () => {
  const view = await add(riskyStep);
  const put = async (changes: object, by = author) => {
    const { name: _, ...definition } = definitionOf({ ...riskyStep, ...changes });
    return schedules.putSchedule(house, by, { scheduleId: view.id }, definition);
  };
  const approver = await colleague("approver");
  const grace = await colleague("operator");
  const late = { policy: "once", withinMinutes: 600 };
  for (const [changes, by] of [
    [{ when: { rate: "every minute" } }, author],
    [{ late }, author],
    [{ overlap: "wait" }, author],
    [{ jitterSeconds: 9 }, author],
    [{ jitterSeconds: 9, blackout: "skip" }, grace],
  ] as const) {
    const before = { ...(await shown(view)), days: 1 };
    await put(changes, by);
    await expect(approveSchedule({ ...house, signer }, approver, { scheduleId: view.id }, before)).rejects.toSatisfy(
      (error) => hasCode(error, "plan_changed"),
    );
    expect((await approve(view, approver)).standing).toBeDefined();
  }
  expect((await put({ overlap: "skip" })).standing).toBeUndefined();
});

it("for a high risk the author cannot give it", async () => {
  const view = await add({
    steps: [{ action: "users.add", variables: { username: "john", groups: ["sudo"] } }],
  });
  await expect(approve(view, author)).rejects.toSatisfy(denied);
  await approve(view, await colleague("approver"));
  house.passTime(hourMs);
  await tick();
  const [task] = await tasksNow();
  expect(task?.status).toBe("running");
  expect(await getTask(house.table, { tenantId: author.tenantId, taskId: task?.taskId ?? "" })).toMatchObject({
    gate: { decision: "allow" },
  });
});

it("a selector that nobody fits, and a value that an action does not take, are said and counted as refusals", async () => {
  await expect(add({ targets: ["site:nowhere"] })).rejects.toSatisfy((error) => hasCode(error, "unprocessable"));
  await expect(add({ name: "bad", steps: [{ action: "users.add", variables: {} }] })).rejects.toSatisfy((error) =>
    hasCode(error, "invalid_request"),
  );
  await expect(add({ name: "bad", when: { cron: "0 25 * * *", timeZone: "UTC" } })).rejects.toThrow("the hour");
  const view = await add({ targets: ["attic"] });
  const { items } = await listNodes(house.table, author.tenantId, { limit: 10 });
  for (const node of items) {
    await commit(house.table, [replaceNode(node, { ...node, removedAtMs: house.nowMs(), version: node.version + 1 })]);
  }
  house.passTime(hourMs);
  await tick();
  expect((await look(view)).log[0]).toMatchObject({
    outcome: "refused",
    why: expect.stringContaining("no appliance is attic"),
  });
});

it("a blackout holds what is due, or leaves it out: as the schedule says", async () => {
  const hold = await add({ name: "hold" });
  const skip = await add({ name: "skip", blackout: "skip" });
  const until = new Date(house.nowMs() + 90 * 60_000).toISOString();
  const from = new Date(house.nowMs()).toISOString();
  await createWindow(house, author, { kind: "blackout", name: "inventory", when: { from, until } });
  house.passTime(hourMs);
  await tick();
  expect((await look(hold)).log[0]).toMatchObject({ outcome: "started" });
  expect((await look(skip)).log[0]).toMatchObject({ outcome: "skipped", why: expect.stringContaining("inventory") });
  house.passTime(hourMs);
  await tick();
  expect((await look(skip)).log[0]).toMatchObject({ outcome: "started" });
});

it("an appliance that is away takes no due time from the others: what it did not start is over before the next one", async () => {
  const minutesFrom = (due: string | undefined, task: { plan?: { expiresAtMs: number } } | undefined) =>
    Math.round(((task?.plan?.expiresAtMs ?? 0) - Date.parse(due ?? "")) / 60_000);
  const dayAndLate = (minutes: number) => minutes >= 1440 && minutes < 1445;
  const of = async (changes: object) => {
    const view = await add(changes);
    house.passTime(hourMs);
    await tick();
    const taskId = taskIdOf({ scheduleId: view.id }, Date.parse(view.next[0] ?? ""));
    return minutesFrom(view.next[0], await getTask(house.table, { tenantId: author.tenantId, taskId }));
  };
  expect(await of({ name: "skip", overlap: "skip" })).toBe(57);
  expect(await of({ name: "wait", overlap: "wait" })).toBe(57);
  // Nothing waits for its end.
  expect(await of({ name: "allow", overlap: "allow" })).toSatisfy(dayAndLate);
  // A person has a day to say yes.
  expect(await of({ ...riskyStep, name: "asks", overlap: "skip" })).toSatisfy(dayAndLate);
});

it("a day's quota that is used up leaves due times out, however many, and the schedule goes on by itself", async () => {
  const view = await add();
  await limitTasks(0);
  for (let times = 0; times < 4; times += 1) {
    house.passTime(hourMs);
    await tick();
  }
  const now = await look(view);
  expect(now.log.map((note) => note.outcome)).toEqual(["skipped", "skipped", "skipped", "skipped"]);
  expect(now.log[0]?.why).toContain("tasks a day");
  expect(now.status).toBe("active");
  await limitTasks(100);
  house.passTime(hourMs);
  // A process of its own, which does not remember what the limit was.
  await tick({ ...house.table });
  expect((await look(view)).log[0]).toMatchObject({ outcome: "started" });
});

it("what is left out for a blackout counts for nothing, also where somebody else has noted it first", async () => {
  const view = await add({ blackout: "skip" });
  // Midnight may be in between.
  const days = new Set([0, 2 * hourMs].map((laterMs) => dayOf(house.nowMs() + laterMs).name));
  const used = async () => {
    const uses = await Promise.all([...days].map((day) => dailyUse(house.table, author.tenantId, day)));
    return uses.reduce((sum, { tasks }) => sum + tasks, 0);
  };
  house.passTime(hourMs);
  await tick();
  const before = await used();
  expect(before).toBe(1);
  const from = new Date(house.nowMs()).toISOString();
  const until = new Date(house.nowMs() + 2 * hourMs).toISOString();
  await createWindow(house, author, { kind: "blackout", name: "inventory", when: { from, until } });
  house.passTime(hourMs);
  let noted = false;
  const client = new Proxy(house.table.client, {
    get(target, name, receiver) {
      if (name !== "send") return Reflect.get(target, name, receiver) as unknown;
      return async (command: { constructor: { name: string } }) => {
        if (!noted && command.constructor.name.startsWith("TransactWrite")) {
          noted = true;
          await tick();
        }
        return target.send(command as never);
      };
    },
  });
  await tick({ ...house.table, client });
  expect(noted).toBe(true);
  expect((await look(view)).log.map((note) => note.outcome)).toEqual(["skipped", "started"]);
  expect(await used()).toBe(before);
});

it("tenants take turns: one with much that is due longer does not stand before the others", async () => {
  const many = 24;
  for (let at = 0; at < many; at += 1) await add({ name: `many-${at}` });
  const other = await house.tenant();
  await house.machine(other.tenantId, "appliance");
  house.passTime(30 * 60_000);
  const { id } = await schedules.createSchedule(house, other, definitionOf({ name: "one" }) as CreateSchedule);
  house.passTime(hourMs);
  const order: string[] = [];
  const client = new Proxy(house.table.client, {
    get(target, name, receiver) {
      if (name !== "send") return Reflect.get(target, name, receiver) as unknown;
      return async (command: { input: { Key?: unknown } }) => {
        const [found] = /sch_[0-9a-z]{26}/.exec(JSON.stringify(command.input.Key ?? "")) ?? [];
        if (found !== undefined && !order.includes(found)) order.push(found);
        return target.send(command as never);
      };
    },
  });
  await tick({ ...house.table, client });
  await schedules.removeSchedule(house, other, { scheduleId: id });
  for (const one of (await schedules.listSchedules(house, author, { limit: 100 })).items) {
    await schedules.removeSchedule(house, author, { scheduleId: one.id });
  }
  expect(order).toHaveLength(many + 1);
  expect(order.indexOf(id)).toBeLessThan(5);
});

it("says how late it is, and that nothing was due", async () => {
  house.metered.length = 0;
  await tick();
  const measured = house.metered.at(-1);
  expect(measured).toMatchObject({ metric: "ScheduleLatenessSeconds" });
});
