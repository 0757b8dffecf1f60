import type { Plan } from "@steward/contracts/plan";
import { sourceKinds } from "@steward/contracts/source";
import { type GateDecision, gateDecisions } from "@steward/contracts/states";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  hashesOf,
  person,
  startMs,
  tenantId,
  testActions,
  testBundles,
  testPlan,
  testTask,
} from "../../test/fixtures.ts";
import { explain, gate, isPassable, type RuleName, ruleNames } from "./gate.ts";
import { type GateContext, type Moment, moments } from "./gate-context.ts";
import { fits } from "./verdict.ts";

/*
 * Every source × every rule × every moment. For each rule there is one thing that it refuses, in a plan that is right in
 * all else; what it has to say then is the same for a person, a token, a schedule, Git, an alert and a model.
 */

const plan = testPlan(testTask(4), [
  { action: "users.remove", variables: { username: "bob" }, provenance: { username: { source: "given" } } },
]);
const wide = testPlan(testTask(20), [
  { action: "users.remove", variables: { username: "bob" }, provenance: { username: { source: "given" } } },
]);
const high = testPlan(testTask(1), [
  {
    action: "users.add",
    variables: { username: "john", groups: ["sudo"] },
    provenance: { username: { source: "given" } },
  },
]);
const shellPlan: Plan = {
  ...plan,
  steps: plan.steps.map((step) => ({ ...step, action: "shell.run", variables: { command: "reboot" } })),
};

const other = { id: "per_01jd0000000000000000000009", role: "approver" as const };

/** A plan of medium risk that somebody else has approved, at a moment at which nothing is against it. */
function contextOf(of: Plan, moment: Moment, changes: Partial<GateContext> = {}): GateContext {
  return {
    nowMs: startMs,
    moment,
    tenantId,
    tenantStatus: "active",
    source: { kind: "person" },
    requester: { id: person.id, role: "operator" },
    otherApprovers: 2,
    barred: [],
    fromWords: false,
    recomputed: hashesOf(of),
    approved: moment === "doorbell" || moment === "start",
    ...(moment === "plan" ? {} : { approver: other, approvedPlanHash: hashesOf(of).planHash }),
    release: {
      version: 3,
      expiresAtMs: startMs + 1_000_000_000,
      actions: { ...testBundles, "shell.run": of.steps[0]?.bundle ?? "" },
      kinds: Object.fromEntries(testActions.map((action) => [action.id, action.kind])),
    },
    freezes: [],
    windows: [],
    policy: { forbid: [] },
    targets: of.targets.map((id, at) => ({
      id,
      name: `nas-${at + 1}`,
      tenantId,
      tags: ["site:berlin"],
      confirmed: true,
      quarantined: false,
      revoked: false,
      removed: false,
    })),
    ...changes,
  };
}

const everywhere = (decision: GateDecision): Record<Moment, GateDecision> => ({
  plan: decision,
  approval: decision,
  doorbell: decision,
  start: decision,
});

interface Row {
  /** What the rule itself says at each moment. */
  says: Record<Moment, GateDecision>;
  of?: Plan;
  /** What is wrong. */
  with: (context: GateContext) => Partial<GateContext>;
}

const alone = { approver: { id: person.id, role: "approver" as const } };

const rows: Record<RuleName, Row> = {
  tenancy: { says: everywhere("deny"), with: () => ({ tenantId: "ten_provider" }) },
  tenant: { says: everywhere("deny"), with: () => ({ tenantStatus: "suspended" }) },
  targets: {
    says: everywhere("deny"),
    with: ({ targets }) => ({ targets: targets.map((one) => ({ ...one, confirmed: false })) }),
  },
  role: { says: everywhere("deny"), with: () => ({ requester: { id: person.id, role: "viewer" } }) },
  source: {
    says: everywhere("deny"),
    // A kind that this version does not know, as a record of a later one may have it.
    with: () => ({ source: { kind: "rumour" } as unknown as GateContext["source"] }),
  },
  hash: {
    says: everywhere("deny"),
    with: ({ recomputed }) => ({ recomputed: { ...recomputed, contentHash: "f".repeat(64) } }),
  },
  release: { says: everywhere("deny"), with: ({ release }) => ({ release: { ...release, expiresAtMs: startMs } }) },
  expiry: { says: everywhere("deny"), with: () => ({ nowMs: plan.expiresAtMs }) },
  freeze: {
    says: { plan: "allow", approval: "allow", doorbell: "deny", start: "deny" },
    with: () => ({ freezes: [{ reason: "stocktaking", untilMs: startMs + 1 }] }),
  },
  forbid: {
    says: everywhere("deny"),
    with: () => ({
      policy: {
        forbid: [{ action: "users.*", tags: ["site:*"], effect: "forbid", why: "by hand only", active: true }],
      },
    }),
  },
  shell: {
    says: everywhere("deny"),
    of: shellPlan,
    with: () => ({ policy: { forbid: [], shell: { commands: ["reboot ", "REBOOT", "reboot\n"] } } }),
  },
  window: {
    says: { plan: "allow", approval: "allow", doorbell: "deny", start: "deny" },
    with: () => ({
      windows: [{ id: "win_1", kind: "maintenance", name: "nights", open: false, changesAtMs: startMs + 1 }],
    }),
  },
  blast: {
    says: { plan: "needs_approval", approval: "deny", doorbell: "deny", start: "deny" },
    with: () => ({ fleet: 10, policy: { forbid: [], maxBlastPercent: 30 } }),
  },
  risk: { says: { ...everywhere("allow"), plan: "needs_approval" }, with: () => ({}) },
  schedule: {
    says: { ...everywhere("allow"), plan: "needs_approval" },
    with: () => ({ schedule: { maxTargets: 1 } }),
  },
  words: { says: { ...everywhere("allow"), plan: "needs_approval" }, with: () => ({ fromWords: true }) },
  twoPerson: {
    says: { ...everywhere("allow"), plan: "needs_approval" },
    with: () => ({ policy: { forbid: [], twoPersonFrom: "medium" } }),
  },
  preview: {
    says: { plan: "needs_approval", approval: "deny", doorbell: "allow", start: "allow" },
    with: () => ({ policy: { forbid: [], previewMinutes: 30 } }),
  },
  approval: {
    says: { plan: "allow", approval: "deny", doorbell: "deny", start: "deny" },
    with: () => ({ approver: { id: other.id, role: "viewer" } }),
  },
};

const cases = ruleNames.flatMap((rule) =>
  moments.flatMap((moment) => sourceKinds.map((source) => ({ rule, moment, source }))),
);

const verdictOf = (of: Plan, context: GateContext, rule: RuleName) =>
  explain(of, context).rules.find((one) => one.rule === rule);
const rank = (decision: GateDecision | undefined) => gateDecisions.indexOf(decision ?? "allow");

describe("every rule, at every moment, for every source", () => {
  it("has its row", () => {
    expect(Object.keys(rows).toSorted()).toEqual(ruleNames.toSorted());
  });

  it("a plan with which nothing is wrong is asked about and goes", () => {
    for (const moment of moments) {
      for (const kind of sourceKinds) {
        const { decision } = gate(plan, contextOf(plan, moment, { source: { kind } }));
        expect([moment, kind, decision]).toEqual([moment, kind, moment === "plan" ? "needs_approval" : "allow"]);
      }
    }
  });

  it.each(cases)("$rule at $moment, from $source", ({ rule, moment, source }) => {
    const row = rows[rule];
    const of = row.of ?? plan;
    const right = contextOf(of, moment, { source: { kind: source } });
    const wrong = { ...right, ...row.with(right) };
    const verdict = verdictOf(of, wrong, rule);
    expect(verdict?.decision).toBe(row.says[moment]);
    if (row.says[moment] !== "allow") {
      expect(verdict?.why.join("")).not.toBe("");
      // Its say counts, whatever the others have to say.
      expect(rank(gate(of, wrong).decision)).toBeGreaterThanOrEqual(rank(row.says[moment]));
    }
    // And it is this that it speaks of: without it, it has nothing against the plan.
    const ownSay = rule === "risk" || rule === "shell" || (rule === "words" && source === "model");
    if (!ownSay) expect(verdictOf(of, right, rule)?.decision).toBe("allow");
  });

  it.each(cases.filter(({ moment }) => moment !== "plan"))(
    "broken glass and $rule at $moment, from $source: passes over exactly what may be passed over",
    ({ rule, moment, source }) => {
      const row = rows[rule];
      const of = row.of ?? plan;
      const glass = {
        approver: { id: other.id, role: "approver" as const },
        breakGlass: { by: other.id, name: "Ada", role: "approver" as const, reason: "the mail is down" },
      };
      const right = contextOf(of, moment, { source: { kind: source }, ...glass });
      const wrong = { ...right, ...row.with(right) };
      const verdict = verdictOf(of, wrong, rule);
      if (row.says[moment] !== "deny") return;
      expect([rule, verdict?.decision]).toEqual([rule, isPassable(rule) ? "allow" : "deny"]);
      if (isPassable(rule)) expect(verdict?.why.join(" ")).toContain("Passed over by Ada: the mail is down");
    },
  );

  it("glass counts only for as long as whoever broke it could, and with that person's own yes", () => {
    const closed = { windows: rows.window.with(contextOf(plan, "start")).windows ?? [] };
    const broken = { by: other.id, name: "Ada", role: "approver" as const, reason: "now" };
    const decide = (changes: Partial<GateContext>) => gate(plan, contextOf(plan, "start", { ...closed, ...changes }));
    expect(decide({ breakGlass: broken }).decision).toBe("allow");
    expect(decide({ breakGlass: { ...broken, role: "operator" } }).decision).toBe("deny");
    expect(decide({ breakGlass: { ...broken, role: undefined } }).decision).toBe("deny");
    expect(decide({ breakGlass: { ...broken, by: person.id } }).decision).toBe("deny");
  });
});

describe("a second person", () => {
  const approval = (changes: Partial<GateContext>, of = high) => gate(of, contextOf(of, "approval", changes)).decision;

  it("is another one than who asked, and than who has changed the policy lately", () => {
    expect(approval({})).toBe("allow");
    expect(approval(alone)).toBe("deny");
    expect(approval({ barred: [{ id: other.id, why: "edited" }] })).toBe("deny");
    // For what the requester could confirm alone, anybody may.
    expect(approval({ barred: [{ id: other.id, why: "edited" }] }, plan)).toBe("allow");
  });

  it("is wanted from medium on where whoever asked has changed the policy lately, and who is alone retypes", () => {
    const barred = [{ id: person.id, why: "edited" }];
    expect(approval({ ...alone, barred }, plan)).toBe("deny");
    expect(approval({ barred }, plan)).toBe("allow");
    expect(approval(alone, plan)).toBe("allow");
    expect(gate(plan, contextOf(plan, "plan", { barred }))).toMatchObject({ approver: "other" });
    const requester = { id: person.id, role: "admin" as const };
    expect(gate(plan, contextOf(plan, "plan", { barred, requester, otherApprovers: 0 }))).toMatchObject({
      approver: "retype",
    });
    // The yes that was good stays so.
    const own = { barred, approver: { id: person.id, role: "approver" as const, retyped: false } };
    expect(gate(plan, contextOf(plan, "start", own)).decision).toBe("allow");
  });

  it("is wanted from the tenant's own level on, also of what was approved before the rule was there", () => {
    const own = { approver: { id: person.id, role: "approver" as const, retyped: false } };
    for (const moment of ["doorbell", "start"] as const) {
      const before = gate(plan, contextOf(plan, moment, own));
      const after = gate(plan, contextOf(plan, moment, { ...own, policy: { forbid: [], twoPersonFrom: "medium" } }));
      expect([moment, before.decision, after.decision]).toEqual([moment, "allow", "deny"]);
    }
  });

  it("is wanted where a rule of the tenant says so", () => {
    const rule = { action: "users.remove", effect: "second_person" as const, why: "HR knows", active: true };
    const policy = { forbid: [rule] };
    expect(gate(plan, contextOf(plan, "plan", { policy }))).toMatchObject({ approver: "other" });
    expect(approval({ ...alone, policy }, plan)).toBe("deny");
    expect(approval({ policy }, plan)).toBe("allow");
    // Not at its own time, nor for another source, tag or value.
    for (const miss of [
      { active: false },
      { sources: ["git" as const] },
      { tags: ["site:rome"] },
      { variables: { username: "eve" } },
    ]) {
      expect(gate(plan, contextOf(plan, "plan", { policy: { forbid: [{ ...rule, ...miss }] } }))).toMatchObject({
        approver: "requester",
      });
    }
  });
});

describe("windows", () => {
  const at = (windows: GateContext["windows"], moment: Moment = "doorbell", of = plan) =>
    gate(of, contextOf(of, moment, { windows }));
  const maintenance = (open: boolean, changesAtMs?: number, tags?: string[]) =>
    ({
      id: "win_1",
      kind: "maintenance",
      name: "nights",
      open,
      ...(changesAtMs === undefined ? {} : { changesAtMs }),
      ...(tags === undefined ? {} : { tags }),
    }) as const;
  const blackout = (open: boolean, changesAtMs?: number, readsToo?: boolean) =>
    ({
      ...maintenance(open, changesAtMs),
      id: "win_2",
      kind: "blackout",
      name: "month end",
      ...(readsToo ? { readsToo } : {}),
    }) as const;

  it("hold what is outside, and say until when", () => {
    expect(at([maintenance(true, startMs + 9)]).decision).toBe("allow");
    expect(at([maintenance(false, startMs + 5)])).toMatchObject({ decision: "deny", held: { untilMs: startMs + 5 } });
    expect(at([maintenance(false, startMs + 5), maintenance(false, startMs + 3)])).toMatchObject({
      held: { untilMs: startMs + 3 },
    });
    expect(at([maintenance(true), blackout(true, startMs + 7)])).toMatchObject({ held: { untilMs: startMs + 7 } });
    expect(at([blackout(true, startMs + 7), blackout(true, startMs + 8)])).toMatchObject({
      held: { untilMs: startMs + 8 },
    });
    expect(at([blackout(false, startMs + 7)]).decision).toBe("allow");
    expect(at([maintenance(false)]).held).toEqual({});
  });

  it("are for the appliances that have their tags", () => {
    expect(at([maintenance(false, startMs + 5, ["site:rome"])]).decision).toBe("allow");
    expect(at([maintenance(false, startMs + 5, ["site:ber*"])]).decision).toBe("deny");
  });

  it("let pass what changes nothing, but for a blackout that says so", () => {
    const read = testPlan(testTask(4), [{ action: "disk.usage", variables: {}, provenance: {} }]);
    for (const quiet of [read, { ...plan, mode: "check" as const }]) {
      const recomputed = { recomputed: { contentHash: quiet.contentHash, planHash: quiet.planHash } };
      const decide = (windows: GateContext["windows"]) =>
        gate(quiet, { ...contextOf(quiet, "doorbell", { windows }), ...recomputed, approvedPlanHash: quiet.planHash });
      expect(decide([maintenance(false, startMs + 5)]).decision).toBe("allow");
      expect(decide([blackout(true, startMs + 5)]).decision).toBe("allow");
      expect(decide([blackout(true, startMs + 5, true)]).decision).toBe("deny");
    }
  });

  it("that open only after the plan's end are said at planning, and not approved", () => {
    const late = [maintenance(false, plan.expiresAtMs)];
    const planned = at(late, "plan");
    expect(planned.decision).toBe("needs_approval");
    expect(planned.reasons.find(({ rule }) => rule === "window")?.why).toContain("expires before");
    expect(at(late, "approval").decision).toBe("deny");
    expect(at([maintenance(false, plan.expiresAtMs - 1)], "approval").decision).toBe("allow");
  });

  it("hold together with a freeze until the last of both", () => {
    const context = contextOf(plan, "doorbell", {
      windows: [maintenance(false, startMs + 5)],
      freezes: [{ reason: "holidays", untilMs: startMs + 9 }],
    });
    expect(gate(plan, context).held).toEqual({ untilMs: startMs + 9 });
  });
});

describe("the blast radius", () => {
  const decide = (of: Plan, changes: Partial<GateContext>) => gate(of, contextOf(of, "plan", changes));

  it("does not annoy a tenant with one appliance, nor anybody who only looks", () => {
    expect(decide(high, { fleet: 1, policy: { forbid: [], maxBlastPercent: 1 } }).approver).toBe("other");
    const read = testPlan(testTask(20), [{ action: "disk.usage", variables: {}, provenance: {} }]);
    expect(decide(read, { fleet: 20, policy: { forbid: [], maxBlastPercent: 1 } }).decision).toBe("allow");
  });

  it("wants a small canary from ten appliances on, by default or as the tenant says", () => {
    const waves = (first: number): Plan => ({ ...wide, waveOf: wide.targets.map((_, at) => (at < first ? 1 : 2)) });
    const blastOf = (of: Plan, policy: Partial<GateContext["policy"]> = {}) =>
      explain(of, contextOf(of, "approval", { policy: { forbid: [], ...policy } })).rules.find(
        ({ rule }) => rule === "blast",
      )?.decision;
    const { waveOf: _, ...flat } = wide;
    expect(blastOf(flat)).toBe("deny");
    expect(blastOf(waves(1))).toBe("allow");
    expect(blastOf(waves(5))).toBe("allow");
    expect(blastOf(waves(6))).toBe("deny");
    expect(blastOf(waves(5), { maxCanaryPercent: 10 })).toBe("deny");
    // A tenant's own numbers make nothing milder.
    expect(blastOf(waves(6), { maxCanaryPercent: 30 })).toBe("deny");
    expect(blastOf(flat, { canaryFrom: 21 })).toBe("deny");
    expect(blastOf({ ...plan, waveOf: [1, 1, 1, 1] })).toBe("allow");
    expect(blastOf({ ...plan, waveOf: [1, 1, 1, 1] }, { canaryFrom: 3 })).toBe("deny");
    expect(blastOf({ ...plan, waveOf: [1, 2, 2, 2] }, { canaryFrom: 3, maxCanaryPercent: 1 })).toBe("allow");
  });

  it("fails closed where nobody knows how many there are", () => {
    const policy = { forbid: [], maxBlastPercent: 99 };
    expect(decide(plan, { policy })).toMatchObject({ approver: "break_glass" });
    expect(decide(plan, { policy, fleet: 5 })).toMatchObject({ approver: "requester" });
  });
});

describe("a preview", () => {
  const minute = 60_000;
  const decide = (preview: GateContext["preview"]) =>
    gate(
      plan,
      contextOf(plan, "approval", {
        policy: { forbid: [], previewMinutes: 30 },
        ...(preview === undefined ? {} : { preview }),
      }),
    ).decision;
  const good = { endedAtMs: startMs - 30 * minute, contentHash: plan.contentHash, status: "succeeded" as const };

  it("is of this plan, has ended well, and is not old", () => {
    expect(decide(good)).toBe("allow");
    expect(decide({ ...good, status: "simulated" })).toBe("allow");
    expect(decide(undefined)).toBe("deny");
    expect(decide({ ...good, endedAtMs: good.endedAtMs - 1 })).toBe("deny");
    expect(decide({ ...good, contentHash: "f".repeat(64) })).toBe("deny");
    for (const status of ["failed", "running", "cancelled", "expired"] as const) {
      expect(decide({ ...good, status })).toBe("deny");
    }
  });
});

describe("a tenant's policy", () => {
  const policies = fc.record(
    {
      forbid: fc.array(
        fc.record({
          action: fc.constantFrom("*", "users.*", "shell.run", "users.remove"),
          effect: fc.constantFrom("forbid" as const, "second_person" as const),
          why: fc.constant("ours"),
          active: fc.boolean(),
        }),
        { maxLength: 3 },
      ),
      twoPersonFrom: fc.constantFrom("low" as const, "medium" as const, "high" as const),
      previewMinutes: fc.integer({ min: 1, max: 60 }),
      maxBlastPercent: fc.integer({ min: 1, max: 100 }),
    },
    { requiredKeys: ["forbid"] },
  );

  it("never makes anything milder", () => {
    fc.assert(
      fc.property(
        policies,
        fc.constantFrom(plan, high, { ...wide, waveOf: wide.targets.map((_, at) => (at === 0 ? 1 : 2)) }),
        fc.constantFrom(...moments),
        fc.constantFrom(...sourceKinds),
        fc.boolean(),
        (policy, of, moment, kind, isOwn) => {
          const context = contextOf(of, moment, {
            source: { kind },
            fleet: 30,
            ...(isOwn ? { approver: { id: person.id, role: "approver", retyped: false } } : {}),
          });
          const [before, after] = [gate(of, context), gate(of, { ...context, policy })];
          expect(rank(after.decision)).toBeGreaterThanOrEqual(rank(before.decision));
        },
      ),
    );
  });

  it("has patterns that mean what they say, and no regular expressions", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "."), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(letters, { minLength: 1, maxLength: 4 }), letters, (parts, text) => {
        const pattern = parts.join("*");
        const expression = new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".*")}$`, "s");
        expect([pattern, text, fits(pattern, text)]).toEqual([pattern, text, expression.test(text)]);
      }),
    );
    expect(fits("(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")).toBe(false);
  });
});
