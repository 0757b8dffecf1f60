import { maxDeletionGraceDays, tenantLimits } from "@steward/contracts/defaults";
import { hasCode } from "@steward/contracts/errors";
import { providerTenantId } from "@steward/contracts/ids";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { purgeSettlesMs, reduceTenant, type TenantEvent } from "./reduce-tenant.ts";
import { limitsOf, mayAct } from "./tenant-now.ts";
import type { TenantState } from "./tenant-state.ts";

const dayMs = 86_400_000;
const tenant: TenantState = {
  v: 1,
  version: 1,
  tenantId: "ten_01k0000000000000000000000a",
  name: "Jones & Sons",
  createdAtMs: 1,
  heartbeatIntervalSeconds: 60,
  status: "active",
};

const limits = fc.record(
  { appliances: fc.nat(), tasksPerDay: fc.nat(), modelUsdPerMonth: fc.nat() },
  { requiredKeys: [] },
);
const place = fc.record({ pk: fc.constant("T#x"), sk: fc.string() });
const count = fc.nat({ max: 3 });
const event: fc.Arbitrary<TenantEvent> = fc.oneof(
  fc.record({ type: fc.constant("rename" as const), name: fc.string() }),
  fc.record({ type: fc.constant("set_limits" as const), limits }),
  fc.record({ type: fc.constant("suspend" as const), reason: fc.string() }),
  fc.record({ type: fc.constantFrom("resume" as const, "restore" as const, "begin_purge" as const) }),
  fc.record({
    type: fc.constant("delete" as const),
    graceDays: fc.integer({ min: -1, max: maxDeletionGraceDays + 1 }),
  }),
  fc.record({
    type: fc.constant("purge_step" as const),
    place: fc.option(place, { nil: undefined }),
    found: count,
    removed: count,
  }),
);
const history = fc.array(fc.tuple(event, fc.nat({ max: 40 * dayMs })), { maxLength: 40 });

/** Every state that a history leads through, with what led there and when. */
function live(events: readonly (readonly [TenantEvent, number])[], from = tenant) {
  const states: { before: TenantState; after: TenantState; event: TenantEvent; nowMs: number }[] = [];
  let before = from;
  let nowMs = 1_000;
  for (const [one, passed] of events) {
    nowMs += passed;
    try {
      const after = reduceTenant(before, one, nowMs);
      states.push({ before, after, event: one, nowMs });
      before = after;
    } catch (error) {
      if (!hasCode(error, "invalid_transition") && !hasCode(error, "unprocessable")) throw error;
    }
  }
  return states;
}

describe("a tenant", () => {
  it("rises by one version with every change, and is the very same where nothing changes", () => {
    fc.assert(
      fc.property(history, (events) => {
        for (const { before, after, event: one, nowMs } of live(events)) {
          expect(after.version).toBe(after === before ? before.version : before.version + 1);
          // What was said once changes nothing when it is said again.
          if (["rename", "set_limits", "suspend", "delete"].includes(one.type)) {
            expect(reduceTenant(after, one, nowMs + 5)).toBe(after);
          }
        }
      }),
    );
  });

  it("is never purged before its grace period is over, and never comes back from there", () => {
    fc.assert(
      fc.property(history, (events) => {
        let ended = false;
        for (const { before, after, nowMs } of live(events)) {
          if (before.status !== "purging" && after.status === "purging") {
            expect(before.status).toBe("deleting");
            expect(nowMs).toBeGreaterThanOrEqual(before.deleteAfterMs ?? Number.POSITIVE_INFINITY);
          }
          if (ended) expect(["purging", "purged"]).toContain(after.status);
          ended ||= after.status === "purging";
        }
      }),
    );
  });

  it("acts only while it is active", () => {
    fc.assert(
      fc.property(history, (events) => {
        for (const { after } of live(events)) {
          expect(mayAct(after)).toBe(after.status === "active");
          if (after.status === "active") {
            expect(after.suspendedAtMs).toBeUndefined();
            expect(after.deletingAtMs).toBeUndefined();
          }
        }
      }),
    );
    expect(mayAct(undefined)).toBe(false);
  });

  it("goes back to its suspension when its deletion is taken back", () => {
    const suspended = reduceTenant(tenant, { type: "suspend", reason: "unpaid" }, 5);
    const deleting = reduceTenant(suspended, { type: "delete", graceDays: 30 }, 10);
    expect(deleting).toMatchObject({ status: "deleting", deleteAfterMs: 10 + 30 * dayMs });
    expect(reduceTenant(deleting, { type: "restore" }, 20)).toEqual({ ...suspended, version: 4 });
  });

  it("keeps the day of its first deletion when it is deleted again, sooner or later", () => {
    const deleting = reduceTenant(tenant, { type: "delete", graceDays: 30 }, 10);
    expect(reduceTenant(deleting, { type: "delete", graceDays: 0 }, 50)).toMatchObject({ deleteAfterMs: 10 });
  });

  it("is purged by the first pass that finds nothing and began when everything under way had ended", () => {
    const deleting = reduceTenant(tenant, { type: "delete", graceDays: 0 }, 10);
    const purging = reduceTenant(deleting, { type: "begin_purge" }, 10);
    const whole = (found: number) => ({ type: "purge_step", place: undefined, found, removed: found }) as const;
    const tooEarly = reduceTenant(purging, whole(0), 20);
    expect(tooEarly).toMatchObject({ status: "purging", purge: { pass: { startedAtMs: 10 + purgeSettlesMs } } });
    const late = 10 + purgeSettlesMs;
    const again = reduceTenant(reduceTenant(tooEarly, whole(3), late), whole(1), late + 1);
    expect(again).toMatchObject({ status: "purging", purge: { removed: 4 } });
    expect(reduceTenant(again, whole(0), late + 2)).toMatchObject({
      status: "purged",
      name: "",
      purge: { removed: 4 },
    });
  });

  it("is not forgotten by a pass that found something before it was interrupted", () => {
    const deleting = reduceTenant(tenant, { type: "delete", graceDays: 0 }, 10);
    let state = reduceTenant(deleting, { type: "begin_purge" }, 10);
    const late = 10 + purgeSettlesMs;
    state = reduceTenant(state, { type: "purge_step", place: undefined, found: 0, removed: 0 }, late);
    state = reduceTenant(state, { type: "purge_step", place: { pk: "T#x", sk: "1" }, found: 1, removed: 1 }, late + 1);
    state = reduceTenant(state, { type: "purge_step", place: undefined, found: 0, removed: 0 }, late + 2);
    expect(state.status).toBe("purging");
  });

  it("is neither suspended nor deleted where it is the provider's own", () => {
    for (const one of [
      { type: "suspend", reason: "x" },
      { type: "delete", graceDays: 30 },
    ] as const) {
      expect(() => reduceTenant({ ...tenant, tenantId: providerTenantId }, one, 1)).toThrow("stays");
    }
  });

  it("has the installation's limits where it has none of its own", () => {
    expect(limitsOf(tenant)).toEqual(tenantLimits);
    const limited = reduceTenant(tenant, { type: "set_limits", limits: { appliances: 3 } }, 1);
    expect(limitsOf(limited)).toEqual({ ...tenantLimits, appliances: 3 });
    expect(reduceTenant(limited, { type: "set_limits", limits: {} }, 2)).not.toHaveProperty("limits");
  });
});
