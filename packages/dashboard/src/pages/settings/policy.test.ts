import { putTenantPolicySchema, type TenantPolicy, tenantPolicySchema } from "@steward/contracts/tenant-policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentOf, minutesText, parsePolicy, policyChanges, ruleText, spansText } from "./policy.ts";

const none: TenantPolicy = { forbid: [] };
const full: TenantPolicy = tenantPolicySchema.parse({
  forbid: [
    { action: "users.*", tags: ["site:berlin"], why: "people in Berlin are HR's" },
    {
      action: "service.restart",
      variables: { service: "postfix" },
      sources: ["schedule", "alert"],
      why: "mail is restarted by hand",
    },
    {
      action: "packages.update",
      effect: "second_person",
      during: { cron: "0 8 * * MON-FRI", timeZone: "Europe/Berlin", durationMinutes: 600 },
      why: "office hours",
    },
  ],
  twoPersonFrom: "medium",
  previewMinutes: 60,
  maxBlastPercent: 25,
  canaryFrom: 5,
  maxCanaryPercent: 10,
  shell: { commands: ["systemctl list-timers --all"] },
  outputDays: 90,
});

describe("a policy that somebody pastes", () => {
  it("is taken as it is set, and as it is shown", () => {
    expect(parsePolicy(JSON.stringify(full))).toEqual({ policy: full });
    const shown = { ...full, revision: 4, updatedBy: { id: "per_x", name: "Ada" }, updatedAt: "2026-11-26T00:00:00Z" };
    expect(parsePolicy(JSON.stringify(shown))).toEqual({ policy: full });
    expect(contentOf(shown)).toEqual(full);
    expect(putTenantPolicySchema.safeParse({ ...contentOf(shown), revision: 4 }).success).toBe(true);
  });

  it("is refused with where and why", () => {
    expect(parsePolicy("{")).toMatchObject({ problem: expect.stringMatching(/^This is no JSON/) });
    expect(parsePolicy('{"maxBlastPercent": 0}')).toMatchObject({
      problem: expect.stringMatching(/^maxBlastPercent: /),
    });
    expect(parsePolicy('{"forbid": [{"action": "x"}]}')).toMatchObject({
      problem: expect.stringMatching(/^forbid\.0\.why: /),
    });
    expect(parsePolicy("[]")).toHaveProperty("problem");
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Object.keys(parsePolicy(text))).toHaveLength(1);
      }),
    );
  });
});

describe("rules in words", () => {
  it("reads like a sentence", () => {
    expect(full.forbid.map(ruleText)).toEqual([
      "Refuses users.* on machines tagged site:berlin",
      "Refuses service.restart where service is postfix asked for by a schedule or an alert",
      "Wants a second person for packages.update for 10 hours from each 0 8 * * MON-FRI (Europe/Berlin)",
    ]);
  });

  it("says once from when until when", () => {
    expect(spansText({ from: "2027-01-04T06:00:00Z", until: "2027-01-04T18:00:00Z" })).toBe(
      "from 2027-01-04 06:00 UTC until 2027-01-04 18:00 UTC",
    );
    expect([1, 59, 60, 90, 1440, 2880].map(minutesText)).toEqual([
      "a minute",
      "59 minutes",
      "an hour",
      "90 minutes",
      "a day",
      "2 days",
    ]);
  });
});

describe("what saving a policy would change", () => {
  it("is nothing where nothing differs, whatever the order of a rule's fields", () => {
    expect(policyChanges(full, structuredClone(full))).toEqual([]);
    const [first, ...others] = full.forbid;
    const turned = Object.fromEntries(Object.entries(first ?? {}).toReversed()) as never;
    expect(policyChanges(full, { ...full, forbid: [...others, turned] })).toEqual([]);
  });

  it("tells what becomes stricter from what becomes looser", () => {
    const there = policyChanges(none, full);
    expect(there.filter(({ direction }) => direction === "looser").map(({ text }) => text)).toEqual([
      "May be run: systemctl list-timers --all",
    ]);
    expect(there.filter(({ direction }) => direction === "stricter")).toHaveLength(8);
    expect(there.filter(({ direction }) => direction === "neither").map(({ text }) => text)).toEqual([
      "Outputs are kept for 90 days",
    ]);
    const back = policyChanges(full, none);
    expect(back.filter(({ direction }) => direction === "stricter")).toHaveLength(1);
    expect(back.filter(({ direction }) => direction === "looser")).toHaveLength(8);
  });

  it("is the other way round on the way back", () => {
    const policies = fc.record(
      {
        twoPersonFrom: fc.constantFrom("low", "medium", "high"),
        previewMinutes: fc.integer({ min: 1, max: 1440 }),
        maxBlastPercent: fc.integer({ min: 1, max: 100 }),
        canaryFrom: fc.integer({ min: 2, max: 10 }),
        maxCanaryPercent: fc.integer({ min: 1, max: 25 }),
      },
      { requiredKeys: [] },
    );
    const turned = { stricter: "looser", looser: "stricter", neither: "neither" } as const;
    fc.assert(
      fc.property(policies, policies, (one, other) => {
        const [a, b] = [tenantPolicySchema.parse(one), tenantPolicySchema.parse(other)];
        const there = policyChanges(a, b).map(({ direction }) => direction);
        expect(policyChanges(b, a).map(({ direction }) => turned[direction])).toEqual(there);
      }),
    );
  });
});
