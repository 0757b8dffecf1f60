import type { Plan } from "@steward/contracts/plan";
import type { Role } from "@steward/contracts/roles";
import { gateDecisions } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  hashesOf,
  oneStep,
  person,
  startMs,
  tenantId,
  testActions,
  testBundles,
  testPlan,
  testTask,
} from "../../test/fixtures.ts";
import { gate } from "./gate.ts";
import type { GateContext } from "./gate-context.ts";

const low = testPlan();
const medium = testPlan(testTask(), [
  { action: "users.remove", variables: { username: "bob" }, provenance: { username: { source: "given" } } },
]);
const high = testPlan(testTask(), [
  {
    action: "users.add",
    variables: { username: "john", groups: ["sudo"] },
    provenance: { username: { source: "given" } },
  },
]);

const testKinds = Object.fromEntries(testActions.map((action) => [action.id, action.kind]));
const noPolicyNow: GateContext["policy"] = { forbid: [] };

function contextOf(plan = low, changes: Partial<GateContext> = {}): GateContext {
  return {
    nowMs: startMs,
    moment: "plan",
    tenantId,
    tenantStatus: "active",
    source: { kind: "person" },
    requester: { id: person.id, role: "operator" },
    otherApprovers: 1,
    fromWords: false,
    recomputed: hashesOf(plan),
    approved: false,
    release: { version: 3, expiresAtMs: startMs + 1_000_000_000, actions: testBundles, kinds: testKinds },
    freezes: [],
    windows: [],
    policy: noPolicyNow,
    barred: [],
    targets: plan.targets.map((id) => ({
      id,
      name: "nas-1",
      tenantId,
      tags: ["site:berlin", "ring:canary"],
      confirmed: true,
      quarantined: false,
      revoked: false,
      removed: false,
    })),
    ...changes,
  };
}

/** Each is one thing that is wrong. */
const violations: Record<string, (context: GateContext) => GateContext> = {
  "another tenant": (context) => ({ ...context, tenantId: "ten_provider" }),
  "a tenant that is gone": (context) => ({ ...context, tenantStatus: undefined }),
  "a suspended tenant": (context) => ({ ...context, tenantStatus: "suspended" }),
  "a tenant that is to be deleted": (context) => ({ ...context, tenantStatus: "deleting" }),
  "a tenant that is being removed": (context) => ({ ...context, tenantStatus: "purging" }),
  "a tenant that was removed": (context) => ({ ...context, tenantStatus: "purged" }),
  "a foreign target": (context) => ({
    ...context,
    targets: context.targets.map((one) => ({ ...one, tenantId: "ten_provider" })),
  }),
  "a removed target": (context) => ({ ...context, targets: context.targets.map((one) => ({ ...one, removed: true })) }),
  "a target in quarantine": (context) => ({
    ...context,
    targets: context.targets.map((one) => ({ ...one, quarantined: true })),
  }),
  "an unconfirmed target": (context) => ({
    ...context,
    targets: context.targets.map((one) => ({ ...one, confirmed: false })),
  }),
  "no target": (context) => ({ ...context, targets: [] }),
  "a requester without a role": (context) => ({ ...context, requester: { ...context.requester, role: undefined } }),
  "a requester who may only look": (context) => ({ ...context, requester: { ...context.requester, role: "viewer" } }),
  "a changed plan": (context) => ({ ...context, recomputed: { ...context.recomputed, contentHash: "f".repeat(64) } }),
  "another plan's approval": (context) => ({ ...context, approvedPlanHash: "f".repeat(64) }),
  "an expired plan": (context) => ({ ...context, nowMs: low.expiresAtMs }),
  "an expired release": (context) => ({ ...context, release: { ...context.release, expiresAtMs: startMs } }),
  "a withdrawn action": (context) => ({ ...context, release: { ...context.release, actions: {} } }),
  "another bundle": (context) => ({
    ...context,
    release: {
      ...context.release,
      actions: { ...testBundles, "users.add": "e".repeat(64), "users.remove": "e".repeat(64) },
    },
  }),
  "a release that is not in force": (context) => ({ ...context, release: { ...context.release, version: 2 } }),
};
const rank = (decision: (typeof gateDecisions)[number]) => gateDecisions.indexOf(decision);
const plans = fc.constantFrom(low, medium, high);
const contexts = plans.chain((plan) =>
  fc
    .record({
      moment: fc.constantFrom("plan" as const, "approval" as const, "doorbell" as const, "start" as const),
      fromWords: fc.boolean(),
      approved: fc.boolean(),
      otherApprovers: fc.nat(2),
      requester: fc.record({
        id: fc.constant(person.id),
        role: fc.constantFrom(undefined, "viewer" as const, "operator" as const, "approver" as const),
      }),
      approvedPlanHash: fc.constantFrom(undefined, plan.planHash),
      approver: fc.constantFrom(
        undefined,
        { id: person.id, role: "approver" as const, confirmation: "nas-1" },
        { id: "per_other", role: "operator" as const },
        { id: "per_other", role: "approver" as const },
      ),
      freezes: fc.constantFrom<GateContext["freezes"]>([], [{ reason: "holidays", untilMs: startMs + 1 }]),
    })
    .map((changes) => ({ plan, context: contextOf(plan, changes) })),
);

describe("the gate", () => {
  it("never becomes milder by something that is wrong, and always refuses it", () => {
    fc.assert(
      fc.property(contexts, fc.constantFrom(...Object.values(violations)), ({ plan, context }, violate) => {
        const before = gate(plan, context);
        const after = gate(plan, violate(context));
        expect(rank(after.decision)).toBeGreaterThanOrEqual(rank(before.decision));
        expect(after.decision).toBe("deny");
      }),
    );
  });

  it("decides as its strictest reason, and names who may approve exactly where somebody must", () => {
    fc.assert(
      fc.property(contexts, ({ plan, context }) => {
        const { decision, reasons, approver } = gate(plan, context);
        expect(rank(decision)).toBe(Math.max(...reasons.map((reason) => rank(reason.decision))));
        expect(approver !== undefined).toBe(decision === "needs_approval");
        if (context.moment !== "plan") expect(decision).not.toBe("needs_approval");
      }),
    );
  });

  it("rings and starts nothing while frozen, whatever else holds", () => {
    fc.assert(
      fc.property(contexts, ({ plan, context }) => {
        if (context.freezes.length === 0 || (context.moment !== "doorbell" && context.moment !== "start")) return;
        expect(gate(plan, context).decision).toBe("deny");
      }),
    );
  });

  it("takes the maker of a service token for the one who asked: to confirm, and as the one who may not be the second", () => {
    const asked = { requester: { id: person.id, role: "operator" as const, personRole: "admin" as const } };
    const words = contextOf(low, { ...asked, fromWords: true });
    expect(gate(low, words)).toMatchObject({ decision: "needs_approval", approver: "requester" });
    const maker = { id: person.id, role: "admin" as const };
    const approving = (plan: Plan, approver: GateContext["approver"], changes: Partial<GateContext> = {}) =>
      gate(
        plan,
        contextOf(plan, {
          ...asked,
          ...changes,
          moment: "approval",
          approvedPlanHash: hashesOf(plan).planHash,
          ...(approver === undefined ? {} : { approver }),
        }),
      ).decision;
    expect(approving(low, maker, { fromWords: true })).toBe("allow");
    expect(approving(high, maker)).toBe("deny");
    expect(approving(high, { id: "per_other", role: "approver" })).toBe("allow");
    // A maker who is alone retypes the name, as for a request of their own; the token's lower role is not in the way.
    expect(gate(high, contextOf(high, { ...asked, otherApprovers: 0 }))).toMatchObject({ approver: "retype" });
    expect(approving(high, { ...maker, confirmation: "nas-1" }, { otherApprovers: 0 })).toBe("allow");
    // And one who is gone stands behind nothing.
    const gone = { requester: { ...asked.requester, personRole: undefined } };
    expect(gate(high, contextOf(high, { ...gone, otherApprovers: 0 }))).toMatchObject({ approver: "other" });
  });

  it("never lets a plan of high risk start that nobody approved, nor by the requester where there are others", () => {
    fc.assert(
      fc.property(contexts, ({ plan, context }) => {
        if (plan !== high) return;
        const { decision } = gate(plan, context);
        if (context.moment === "plan") expect(decision).not.toBe("allow");
        if (context.moment === "approval" && context.approver?.id === person.id && context.otherApprovers > 0)
          expect(decision).toBe("deny");
        if ((context.moment === "doorbell" || context.moment === "start") && !context.approved)
          expect(decision).toBe("deny");
      }),
    );
  });

  it.each(Object.keys(violations))("refuses %s and says why", (name) => {
    const result = gate(low, violations[name]?.(contextOf()) ?? contextOf());
    expect(result.reasons.filter((reason) => reason.decision === "deny").map((reason) => reason.why)).not.toEqual([]);
  });

  it("lets an operator's explicit low plan go, and asks for everything else", () => {
    expect(gate(low, contextOf()).decision).toBe("allow");
    expect(gate(low, contextOf(low, { fromWords: true }))).toMatchObject({
      decision: "needs_approval",
      approver: "requester",
    });
    expect(gate(medium, contextOf(medium))).toMatchObject({ decision: "needs_approval", approver: "requester" });
    expect(gate(high, contextOf(high))).toMatchObject({ decision: "needs_approval", approver: "other" });
    const alone = contextOf(high, { otherApprovers: 0, requester: { id: person.id, role: "approver" } });
    expect(gate(high, alone)).toMatchObject({ decision: "needs_approval", approver: "retype", retype: "nas-1" });
  });

  it("asks whoever asked where they want to be asked, and nobody else", () => {
    const { decision, approver, reasons } = gate(low, contextOf(low, { confirm: true }));
    expect({ decision, approver }).toEqual({ decision: "needs_approval", approver: "requester" });
    expect(reasons.find(({ rule }) => rule === "words")?.why).toContain("wants to look at it");
    expect(gate(high, contextOf(high, { confirm: true })).approver).toBe("other");
  });

  it("wants nobody's yes for a preview, which changes nothing, and else judges it like the change", () => {
    const preview = { ...testPlan(testTask(1, { mode: "check" }), [...oneStep]), risk: "high" as const };
    for (const fromWords of [false, true])
      for (const moment of ["plan", "doorbell", "start"] as const)
        expect(gate(preview, contextOf(preview, { fromWords, moment })).decision).toBe("allow");
    const viewer = { id: person.id, role: "viewer" as const };
    expect(gate(preview, contextOf(preview, { requester: viewer })).decision).toBe("deny");
    const frozen = [{ reason: "holidays", untilMs: startMs + 1 }];
    expect(gate(preview, contextOf(preview, { freezes: frozen, moment: "start" })).decision).toBe("deny");
    // The mode is in the hash: a change does not become a preview by saying so.
    expect(gate({ ...high, mode: "check" }, contextOf(high, { recomputed: hashesOf(preview) })).decision).toBe("deny");
  });

  it("takes a retyped name from the only person, exactly", () => {
    const ask = (confirmation: string) =>
      gate(
        high,
        contextOf(high, {
          moment: "approval",
          otherApprovers: 0,
          requester: { id: person.id, role: "approver" },
          approver: { id: person.id, role: "approver", confirmation },
          approvedPlanHash: high.planHash,
        }),
      ).decision;
    expect(ask("nas-1")).toBe("allow");
    expect(ask("NAS-1")).toBe("deny");
    expect(ask("")).toBe("deny");
  });

  it("names the first targets that are not right, and counts the others", () => {
    const task = testTask(1_000);
    const plan = testPlan(task);
    const targets = task.targets.map((target) => ({
      ...target,
      tenantId,
      tags: [],
      confirmed: false,
      quarantined: false,
      revoked: false,
      removed: false,
    }));
    const { decision, reasons } = gate(plan, contextOf(plan, { targets }));
    expect(decision).toBe("deny");
    const told = reasons.filter(({ rule }) => rule === "targets");
    expect(told).toHaveLength(21);
    expect(told.at(-1)).toMatchObject({ decision: "deny", why: "And 980 more of this kind." });
  });

  it.each(["doorbell", "start"] as const)(
    "counts a yes at the %s only while its giver could still give it",
    (moment) => {
      const decide = (plan: Plan, approver: GateContext["approver"]) =>
        gate(
          plan,
          contextOf(plan, { moment, approved: true, approvedPlanHash: plan.planHash, ...(approver && { approver }) }),
        ).decision;
      const own = (role: Role | undefined) => ({ id: person.id, role });
      const other = (role: Role | undefined) => ({ id: "per_other", role });
      expect(decide(medium, own("operator"))).toBe("allow");
      expect(decide(medium, own("viewer"))).toBe("deny");
      expect(decide(medium, other("approver"))).toBe("allow");
      expect(decide(medium, other("operator"))).toBe("deny");
      expect(decide(high, own("operator"))).toBe("deny");
      // Who asked alone had to retype the name; a yes from before that was written down counts as it did.
      expect(decide(high, own("approver"))).toBe("allow");
      expect(decide(high, { ...own("approver"), retyped: true })).toBe("allow");
      expect(decide(high, { ...own("approver"), retyped: false })).toBe("deny");
      expect(decide(medium, { ...own("approver"), retyped: false })).toBe("allow");
      expect(decide(high, other("approver"))).toBe("allow");
      for (const plan of [medium, high]) {
        expect(decide(plan, own(undefined))).toBe("deny");
        expect(decide(plan, undefined)).toBe("deny");
      }
    },
  );

  const approver = { id: "per_other", role: "approver" as const };
  const standingOf = (changes: object = {}, schedule: object = {}): Partial<GateContext> => ({
    source: { kind: "schedule" },
    schedule: {
      maxTargets: 5,
      standing: {
        standingHash: "a".repeat(64),
        recomputedHash: "a".repeat(64),
        cap: 5,
        expiresAtMs: startMs + 1,
        isInForce: true,
        approver,
        ...changes,
      },
      ...schedule,
    },
  });
  const moments = ["plan", "doorbell", "start"] as const;

  it.each(moments)("takes a schedule's standing approval for a person's at the moment %s", (moment) => {
    for (const plan of [low, medium, high]) {
      expect(gate(plan, contextOf(plan, { moment, ...standingOf() })).decision).toBe("allow");
    }
    const own = standingOf({ approver: { id: person.id, role: "operator" } });
    expect(gate(medium, contextOf(medium, { moment, ...own })).decision).toBe("allow");
  });

  it.each(
    Object.entries({
      "that was revoked": { isInForce: false },
      "that has expired": { expiresAtMs: startMs },
      "of another content": { recomputedHash: "b".repeat(64) },
      "for fewer appliances": { cap: 0 },
      "by somebody who is gone": { approver: { ...approver, role: undefined } },
      "by somebody who may not approve any more": { approver: { ...approver, role: "operator" } },
      "by the author, who may only look now": { approver: { id: person.id, role: "viewer" } },
    }),
  )("takes none %s", (_, changes) => {
    for (const plan of [medium, high]) {
      const decide = (moment: GateContext["moment"]) =>
        gate(plan, contextOf(plan, { moment, ...standingOf(changes) })).decision;
      expect(moments.map(decide)).toEqual(["needs_approval", "deny", "deny"]);
    }
    expect(gate(low, contextOf(low, standingOf(changes))).decision).toBe("allow");
  });

  it("takes none of a high risk by somebody who may not be the second one", () => {
    const barred = [{ id: approver.id, why: "They have changed the policy." }];
    expect(gate(high, contextOf(high, { moment: "start", barred, ...standingOf() })).decision).toBe("deny");
    expect(gate(medium, contextOf(medium, { moment: "start", barred, ...standingOf() })).decision).toBe("allow");
  });

  it("takes none of a high risk by the author, also where the author is alone", () => {
    const own = standingOf({ approver: { id: person.id, role: "admin" } });
    for (const otherApprovers of [0, 1]) {
      const requester = { id: person.id, role: "admin" as const };
      const decide = (moment: GateContext["moment"]) =>
        gate(high, contextOf(high, { moment, otherApprovers, requester, ...own })).decision;
      expect(moments.map(decide)).toEqual(["needs_approval", "deny", "deny"]);
    }
  });

  it("asks a person where more appliances match than a schedule may change, whatever the risk and who said yes before", () => {
    for (const plan of [low, medium, high]) {
      const over = standingOf({ cap: 100 }, { maxTargets: 0 });
      const result = gate(plan, contextOf(plan, over));
      expect(result.decision).toBe("needs_approval");
      expect(result.approver).toBeDefined();
      expect(gate(plan, contextOf(plan, { moment: "start", ...over })).decision).toBe("deny");
    }
  });

  it("never becomes milder by a standing approval that does not hold", () => {
    const broken = fc.constantFrom({ isInForce: false }, { expiresAtMs: startMs }, { cap: 0 }, { standingHash: "c" });
    fc.assert(
      fc.property(contexts, broken, ({ plan, context }, changes) => {
        const without = gate(plan, context).decision;
        expect(rank(gate(plan, { ...context, ...standingOf(changes) }).decision)).toBeGreaterThanOrEqual(rank(without));
      }),
    );
  });
});
