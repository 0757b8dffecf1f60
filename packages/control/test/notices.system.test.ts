import { listNotices } from "@steward/aws/records/notice";
import { removeItem } from "@steward/aws/records/purge";
import { commit } from "@steward/aws/table";
import { AppError } from "@steward/contracts/errors";
import { type CreateNotification, webhookBodySchema } from "@steward/contracts/notification";
import type { Caller } from "@steward/control/context";
import { deliverNotice } from "@steward/control/deliver-notice";
import { createNotification, deleteNotification, listDeliveries } from "@steward/control/notifications";
import { reconcile } from "@steward/control/reconcile";
import { rejectTask } from "@steward/control/reject-task";
import { settleAlerts, tellOfAlerts } from "@steward/control/settle-alerts";
import { submitTask } from "@steward/control/submit-task";
import type { AlertWish } from "@steward/core/alert/node-alerts";
import { takenMs } from "@steward/core/notification/reduce-notice";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type House, openHouse, takeOne } from "./support/house.ts";
import { testSigner } from "./support/machines.ts";

let house: House;
let person: Caller;
let sent: string[];
let answer: (url: string) => Promise<{ status: number }>;
beforeEach(async () => {
  house = await openHouse();
  person = await house.tenant();
  await house.machine(person.tenantId, "appliance");
  sent = [];
  answer = async () => ({ status: 200 });
  await add("https://hooks.example.org/steward");
});
afterEach(() => house.stop());

const add = (url: string, over: Partial<CreateNotification> = {}) =>
  createNotification({ ...house, checkOutsideUrl: async () => {}, account: "111122223333" }, person, {
    name: "chat",
    url,
    events: ["task.awaiting_approval", "task.expiring"],
    ...over,
  });
const ask = () =>
  submitTask(house, person, {
    steps: [{ action: "users.remove", variables: { username: "bob-the-secret" } }],
    targets: ["attic"],
    mode: "apply",
    verbosity: 0,
  });
const deliver = (message: { tenantId: string; noticeId: string }) =>
  deliverNotice(
    {
      ...house,
      signer: testSigner(),
      sendMail: async () => ({ taken: true }),
      publish: async () => ({ taken: true }),
      apiUrl: "https://api.example.org",
      fetchOutside: async (url, { body, headers }) => {
        const { event, id } = webhookBodySchema.parse(JSON.parse(body));
        expect(headers["webhook-id"]).toBe(id);
        expect(body).not.toContain("bob-the-secret");
        sent.push(`${event} ${id}`);
        return answer(url);
      },
    },
    message,
  );
const next = () => takeOne<{ tenantId: string; noticeId: string }>(house, "notifications");
const open = async () =>
  (await listNotices(house.table, person.tenantId, 10)).filter((notice) => notice.endedAtMs === undefined);

it("a notice is written with what it tells of; whose message is lost is sent by the reconciler, once", async () => {
  await ask();
  const message = next();
  // The message is lost: the reconciler finds the notice, and only what is due.
  await reconcile(house);
  expect(next()).toEqual(message);
  await Promise.all([deliver(message), deliver(message), deliver(message)]);
  await deliver(message);
  expect(sent).toEqual([`task.awaiting_approval ${message.noticeId}`]);
  expect((await open()).map(({ event }) => event)).toEqual(["task.expiring"]);
});

it("who dies while sending is followed by another, under the same id; a refusal is tried again later and later", async () => {
  await ask();
  const message = next();
  answer = async () => Promise.reject(new Error("killed"));
  await expect(deliver(message)).rejects.toThrow("killed");
  await deliver(message);
  expect(sent).toHaveLength(1);
  house.passTime(takenMs);
  answer = async () => Promise.reject(new AppError("unavailable", "it does not answer"));
  await deliver(message);
  expect(sent).toEqual([sent[0], sent[0]]);
  const [, notice] = await open();
  expect(Object.values(notice?.deliveries ?? {})).toMatchObject([
    { status: "waiting", attempts: 1, reason: "it does not answer" },
  ]);
  await deliver(message);
  expect(sent).toHaveLength(2);
  house.passTime(60_000);
  answer = async () => ({ status: 410 });
  await deliver(message);
  expect(sent).toHaveLength(3);
  expect((await open()).map(({ event }) => event)).toEqual(["task.expiring"]);
});

it("nobody is warned of what was decided", async () => {
  const task = await ask();
  await deliver(next());
  await rejectTask(house, person, { taskId: task.id }, {});
  await deliver(next());
  house.passTime(86_400_000);
  await reconcile(house);
  await deliver(next());
  expect(sent).toHaveLength(1);
  expect(await open()).toEqual([]);
});

it("who forgets a task is told an hour before it ends", async () => {
  const task = await ask();
  await deliver(next());
  house.passTime(23 * 3_600_000);
  await reconcile(house);
  await deliver(next());
  expect(sent.map((one) => one.split(" ")[0])).toEqual(["task.awaiting_approval", "task.expiring"]);
  expect(task.status).toBe("awaiting_approval");
});

it("who adds and removes addresses has twenty codes sent a day; a topic of our own account is nobody's but the provider's", async () => {
  for (let at = 0; at < 19; at += 1) {
    const { id } = await add(at % 2 === 0 ? "mailto:stranger@example.org" : topicIn("999988887777"));
    await deleteNotification(house, person, { notificationId: id });
  }
  // Also of many that come at once, one only is the twentieth.
  const atOnce = await Promise.allSettled(Array.from({ length: 5 }, () => add("mailto:stranger@example.org")));
  expect(atOnce.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  await expect(add("mailto:stranger@example.org")).rejects.toThrow("20 codes were sent today");
  await add("https://hooks.example.org/another");
  house.passTime(86_400_000);
  await add("mailto:stranger@example.org");
  await expect(add(topicIn("111122223333"))).rejects.toThrow("in Steward's own account");
});

const topicIn = (account: string) => `arn:aws:sns:eu-west-1:${account}:steward-notices-ops`;

const hourMs = 3_600_000;
const fleet = { kind: "fleet-silent" } as const;
async function settle(wish: AlertWish) {
  const { tenantId } = person;
  const { writes, notices } = await settleAlerts(house, { tenantId, wishes: [wish], who: "test", record: tenantId });
  await commit(house.table, writes);
  await tellOfAlerts(house, notices);
}
/** Everything that is in the queue, and that the reconciler finds due. */
async function deliverAll() {
  await reconcile(house);
  const messages = house.sent.splice(0).filter(({ queue }) => queue === "notifications");
  for (const { body } of messages) await deliver(body as { tenantId: string; noticeId: string });
}

it("what was held in the night and is over by the morning is told nobody", async () => {
  const clock = (timeMs: number) => new Date(timeMs).toISOString().slice(11, 16);
  const quietHours = {
    begins: clock(house.nowMs()),
    ends: clock(house.nowMs() + 8 * hourMs),
    timeZone: "UTC",
    exceptCritical: false,
  };
  const { id } = await add("https://hooks.example.org/night", {
    events: ["alert.raised", "alert.resolved"],
    quietHours,
  });
  await settle({ subject: fleet, raise: "critical" });
  await deliverAll();
  const { items } = await listDeliveries(house, person, { notificationId: id });
  expect(items).toMatchObject([{ event: "alert.raised", status: "waiting", attempts: 0 }]);
  // It was not tried: it is quiet there.
  expect(items[0]).not.toHaveProperty("lastAttemptAt");
  house.passTime(hourMs);
  await settle({ subject: fleet, clear: true });
  for (let passed = 0; passed < 9; passed += 1) {
    house.passTime(hourMs);
    await deliverAll();
  }
  expect(sent).toEqual([]);
  expect(await open()).toEqual([]);
});

it("that it is over is told after five weeks, too, when the notice that it began is kept no longer", async () => {
  await add("https://hooks.example.org/alerts", { events: ["alert.raised", "alert.resolved"] });
  await settle({ subject: fleet, raise: "critical" });
  await deliverAll();
  for (const { tenantId, noticeId } of await listNotices(house.table, person.tenantId, 10)) {
    await removeItem(house.table, { pk: `T#${tenantId}#NOTICE`, sk: noticeId });
  }
  house.passTime(35 * 24 * hourMs);
  await settle({ subject: fleet, clear: true });
  house.passTime(hourMs / 6);
  await deliverAll();
  expect(sent.map((one) => one.split(" ")[0])).toEqual(["alert.raised", "alert.resolved"]);
});

it("an alert that is given up everywhere is counted once, as undelivered; one that somebody got is not", async () => {
  const undelivered = () => house.metered.filter(({ metric }) => metric === "AlertsUndelivered").length;
  const gone = "https://hooks.example.org/gone";
  await add(gone, { events: ["alert.raised"] });
  const { id } = await add("https://hooks.example.org/there", { events: ["alert.raised"] });
  answer = async (url) => ({ status: url === gone ? 410 : 200 });
  await settle({ subject: fleet, raise: "critical" });
  await deliverAll();
  expect([sent.length, await open(), undelivered()]).toEqual([2, [], 0]);

  // From now on the one that is left fails for more than a day.
  await deleteNotification(house, person, { notificationId: id });
  answer = async () => ({ status: 500 });
  await settle({ subject: fleet, clear: true });
  house.passTime(hourMs);
  await settle({ subject: fleet, raise: "critical" });
  for (let passed = 0; passed < 30; passed += 1) {
    await deliverAll();
    expect(undelivered()).toBe((await open()).length === 0 ? 1 : 0);
    house.passTime(hourMs);
  }
  expect([await open(), undelivered()]).toEqual([[], 1]);
});
