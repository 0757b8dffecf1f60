import { type NotificationEvent, notificationEvents } from "@steward/contracts/notification";
import { taskHasEnded, taskStatuses } from "@steward/contracts/states";
import fc from "fast-check";
import { expect, it } from "vitest";
import { startMs, testTask } from "../../test/fixtures.ts";
import type { AlertState } from "../alert/alert-state.ts";
import { noticesOf, stillHolds, warningMs, whoWasTold } from "./notices-of.ts";
import type { NoticeState, NotificationState } from "./notification-state.ts";
import { nextAttemptAtMs, receiversOf, reduceNotice, retryAfterMs, takenMs } from "./reduce-notice.ts";

const ids = () => {
  let next = 0;
  return () => `ntc_${(next += 1)}`;
};
const dayMs = 86_400_000;
const base = { noticeId: "ntc_a", createdAtMs: 0 };

it("people are told of what waits for them and how it ended, once for each change, and of nothing else", () => {
  fc.assert(
    fc.property(fc.constantFrom(...taskStatuses), fc.constantFrom(...taskStatuses), (from, to) => {
      const before = testTask(1, { status: from });
      const after = testTask(1, { status: to, dueAtMs: startMs + dayMs });
      const events = noticesOf(before, after, startMs, ids()).map(({ event }) => event);
      const expected: NotificationEvent[] =
        from === to
          ? []
          : taskHasEnded(to)
            ? ["task.finished"]
            : to === "awaiting_approval"
              ? ["task.awaiting_approval", "task.expiring"]
              : to === "needs_input"
                ? ["task.needs_input", "task.expiring"]
                : [];
      expect(events).toEqual(expected);
      for (const notice of noticesOf(before, after, startMs, ids()))
        expect(stillHolds(notice, { task: after })).toBe(true);
      expect(noticesOf(before, { ...after, previewOf: "tsk_other" }, startMs, ids())).toEqual([]);
    }),
  );
});

it("a warning comes an hour before the end, and not at all where the whole wait is short", () => {
  const waiting = (leftMs: number) =>
    noticesOf(undefined, testTask(1, { status: "awaiting_approval", dueAtMs: startMs + leftMs }), startMs, ids());
  expect(waiting(dayMs)[1]?.dueAtMs).toBe(startMs + dayMs - warningMs);
  expect(waiting(2 * warningMs - 1)).toHaveLength(1);
});

it("who has decided is not told that somebody waits", () => {
  const running = testTask(1, { status: "running" });
  for (const event of ["task.awaiting_approval", "task.needs_input", "task.expiring", "task.finished"] as const)
    expect(stillHolds({ ...base, event }, { task: running })).toBe(false);
  expect(stillHolds({ ...base, event: "task.finished" }, {})).toBe(false);
  expect(stillHolds({ ...base, event: "test" }, {})).toBe(true);
});

const receiver = (id: string, changes: Partial<NotificationState> = {}): NotificationState => ({
  v: 1,
  version: 1,
  tenantId: "ten_a",
  notificationId: id,
  name: id,
  kind: "webhook",
  url: "https://example.org",
  events: [...notificationEvents],
  createdBy: "per_a",
  createdAtMs: 0,
  ...changes,
});
const notice: NoticeState = {
  v: 1,
  version: 1,
  tenantId: "ten_a",
  noticeId: "ntc_a",
  event: "task.finished",
  taskId: "tsk_a",
  createdAtMs: 0,
  updatedAtMs: 0,
  dueAtMs: 0,
  deliveries: {},
};

it("a notice always ends: everybody has it, does not want it, or has not answered for a day; nobody gets it after that", () => {
  const outcome = fc.record({
    delivered: fc.boolean(),
    final: fc.boolean(),
    dies: fc.boolean(),
    lateMs: fc.nat(90_000),
  });
  fc.assert(
    fc.property(fc.infiniteStream(outcome), fc.integer({ min: 1, max: 4 }), (outcomes, count) => {
      const receivers = Array.from({ length: count }, (_, index) => receiver(`ntf_${index}`));
      const got = new Map<string, number>();
      let state = notice;
      let nowMs = 0;
      for (let round = 0; state.endedAtMs === undefined; round += 1) {
        expect(round).toBeLessThan(400);
        const [{ lateMs, dies }] = [outcomes.next().value];
        nowMs = Math.max(nowMs, state.dueAtMs ?? 0) + lateMs;
        const taken = reduceNotice(state, { type: "take" }, nowMs).state;
        expect(taken.dueAtMs).toBe(nowMs + takenMs);
        // While one has it, no other takes it.
        expect(reduceNotice(taken, { type: "take" }, nowMs + takenMs - 1).state).toBe(taken);
        const { all, now } = receiversOf(state, receivers, nowMs);
        const told: Record<string, { delivered: boolean; final: boolean }> = {};
        for (const { notificationId } of now) {
          const { delivered, final } = outcomes.next().value;
          told[notificationId] = { delivered, final };
          if (delivered && !dies) got.set(notificationId, (got.get(notificationId) ?? 0) + 1);
        }
        state =
          dies && round < 20
            ? taken
            : reduceNotice(
                taken,
                { type: "attempted", receivers: all.map((one) => one.notificationId), outcomes: told },
                nowMs,
              ).state;
      }
      expect(state.dueAtMs).toBeUndefined();
      for (const { notificationId } of receivers) {
        const delivery = state.deliveries[notificationId];
        expect(delivery?.status).not.toBe("waiting");
        expect(delivery?.attempts).toBeLessThanOrEqual(retryAfterMs.length + 1);
      }
      expect(receiversOf(state, receivers, nowMs + 10 * dayMs).now).toEqual([]);
      expect(reduceNotice(state, { type: "take" }, nowMs + dayMs).state).toBe(state);
    }),
    { numRuns: 200 },
  );
});

it("only who wants it, and is not done with it, is sent it", () => {
  const done = { status: "delivered", attempts: 1, lastAttemptAtMs: 0 } as const;
  const waits = { status: "waiting", attempts: 1, lastAttemptAtMs: 1_000 } as const;
  const receivers = [
    receiver("wants"),
    receiver("other", { events: ["task.expiring"] }),
    receiver("gone", { removedAtMs: 1 }),
    receiver("has"),
    receiver("waits"),
  ];
  const state = { ...notice, deliveries: { has: done, waits } };
  const names = (nowMs: number, of = state) => receiversOf(of, receivers, nowMs).now.map((one) => one.notificationId);
  expect(names(nextAttemptAtMs(waits) - 1)).toEqual(["wants"]);
  expect(names(nextAttemptAtMs(waits))).toEqual(["wants", "waits"]);
  const test = { ...notice, event: "test" as const, only: "other" };
  expect(names(0, test as typeof state)).toEqual(["other"]);
});

const alert: AlertState = {
  v: 1,
  version: 1,
  tenantId: "ten_a",
  alertId: "alr_a",
  kind: "offline",
  nodeId: "apl_a",
  status: "open",
  severity: "critical",
  startsAtMs: 0,
  openings: 1,
  told: { severity: "critical", firstAtMs: 0, atMs: 0, notices: ["ntc_a"] },
  past: [],
  updatedAtMs: 0,
};
const resolved: Partial<AlertState> = { status: "resolved", resolvedAtMs: 0 };

it.each<["alert.raised" | "alert.resolved" | "alert.escalated", Partial<AlertState>, boolean]>([
  ["alert.raised", {}, true],
  ["alert.raised", { status: "acknowledged" }, false],
  ["alert.raised", resolved, false],
  // It opened anew, and another notice tells of that.
  ["alert.raised", { told: { severity: "critical", firstAtMs: 1, atMs: 1, notices: ["ntc_b"] } }, false],
  ["alert.escalated", { escalatedAtMs: 0 }, true],
  ["alert.escalated", {}, false],
  ["alert.escalated", { escalatedAtMs: 0, status: "acknowledged" }, false],
  ["alert.resolved", resolved, true],
  ["alert.resolved", {}, false],
  // It was back since, and is over once more: another notice tells of that.
  ["alert.resolved", { ...resolved, resolvedAtMs: 1 }, false],
])("%s of an alert that is %o: %s", (event, over, holds) => {
  expect(stillHolds({ ...base, event }, { alerts: [{ ...alert, ...over }] })).toBe(holds);
  expect(stillHolds({ ...base, event }, { alerts: [] })).toBe(false);
});

it("that it is over is told to whom it was told that it began, and to everybody where nobody knows that any more", () => {
  const receivers = ["told", "failed", "silent"].map((id) => receiver(id));
  const one = { attempts: 1, lastAttemptAtMs: 0 };
  const began: NoticeState = {
    ...notice,
    event: "alert.raised",
    deliveries: { told: { ...one, status: "delivered" }, failed: { ...one, status: "failed" } },
  };
  const names = (told: (NoticeState | undefined)[]) => whoWasTold(receivers, told).map((to) => to.notificationId);
  expect(names([began])).toEqual(["told"]);
  expect(names([began, { ...began, deliveries: { silent: { ...one, status: "delivered" } } }])).toEqual([
    "told",
    "silent",
  ]);
  expect(names([])).toEqual([]);
  expect(names([began, undefined])).toEqual(["told", "failed", "silent"]);
});

const night = { begins: "22:00", ends: "07:00", timeZone: "UTC", exceptCritical: false };
const midnightMs = Date.parse("2026-11-26T00:00:00Z");
const morningMs = Date.parse("2026-11-26T07:00:00Z");
const exceptCritical = { ...night, exceptCritical: true };

it.each<[string, Partial<NoticeState>, NotificationState["quietHours"], "held" | "now"]>([
  ["a finished task", { event: "task.finished" }, night, "held"],
  ["a critical alert", { event: "alert.raised", severity: "critical" }, night, "held"],
  ["a critical alert, let through", { event: "alert.raised", severity: "critical" }, exceptCritical, "now"],
  ["an escalation, let through", { event: "alert.escalated", severity: "critical" }, exceptCritical, "now"],
  ["a warning", { event: "alert.raised", severity: "warning" }, exceptCritical, "held"],
  ["the end of a critical alert", { event: "alert.resolved", severity: "critical" }, exceptCritical, "held"],
  ["a test that somebody asks for", { event: "test", only: "ntf_a" }, night, "now"],
  ["anything without quiet hours", { event: "task.finished" }, undefined, "now"],
])("at night: %s", (_what, over, quietHours, expected) => {
  const to = receiver("ntf_a", quietHours === undefined ? {} : { quietHours });
  const { all, now, held } = receiversOf({ ...notice, ...over }, [to], midnightMs);
  expect(all).toEqual([to]);
  expect([now, held]).toEqual(expected === "now" ? [[to], {}] : [[], { ntf_a: morningMs }]);
});

it("what is held comes in the morning, as a first attempt, and keeps nobody else waiting", () => {
  const receivers = [receiver("ntf_quiet", { quietHours: night }), receiver("ntf_awake")];
  const first = reduceNotice(
    notice,
    {
      type: "attempted",
      receivers: receivers.map((to) => to.notificationId),
      outcomes: { ntf_awake: { delivered: true } },
      held: receiversOf(notice, receivers, midnightMs).held,
    },
    midnightMs,
  ).state;
  expect(first.dueAtMs).toBe(morningMs);
  expect(first.deliveries["ntf_quiet"]).toMatchObject({ status: "waiting", attempts: 0, heldUntilMs: morningMs });
  expect(reduceNotice(first, { type: "take" }, morningMs - 1).state).toBe(first);
  expect(receiversOf(first, receivers, morningMs - 1).now).toEqual([]);
  expect(receiversOf(first, receivers, morningMs).now.map((to) => to.notificationId)).toEqual(["ntf_quiet"]);
});
