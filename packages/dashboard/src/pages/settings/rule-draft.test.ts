import { type ForbidRule, forbidRuleSchema } from "@steward/contracts/tenant-policy";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOfRule, emptyDraft, fits, isoOf, localText, ruleOf } from "./rule-draft.ts";

const rules: ForbidRule[] = [
  { action: "users.*", effect: "forbid", tags: ["site:berlin", "ring:*"], why: "people in Berlin are HR's" },
  {
    action: "service.restart",
    effect: "forbid",
    variables: { service: "post*", when: "now" },
    sources: ["schedule", "alert"],
    why: "mail is restarted by hand",
  },
  {
    action: "packages.update",
    effect: "second_person",
    during: { cron: "0 8 * * MON-FRI", timeZone: "Europe/Berlin", durationMinutes: 630 },
    why: "office hours",
  },
  {
    action: "*",
    effect: "forbid",
    during: { from: "2027-01-04T06:00:00.000Z", until: "2027-01-04T18:00:00.000Z" },
    why: "inventory",
  },
];

describe("a rule in a form", () => {
  it("comes out as it went in", () => {
    for (const rule of rules) expect(ruleOf(draftOfRule(rule, "UTC"))).toEqual({ rule });
  });

  it("says what is missing, by the field", () => {
    const read = ruleOf(emptyDraft("UTC"));
    expect("problems" in read && read.problems.map(({ path }) => path)).toEqual(["action", "why"]);
    const late = ruleOf({ ...draftOfRule(rules[3] as ForbidRule, "UTC"), until: "2026-01-01T00:00" });
    expect("problems" in late && late.problems[0]?.path).toMatch(/^during/);
    const noHours = ruleOf({ ...draftOfRule(rules[2] as ForbidRule, "UTC"), hours: undefined });
    expect("problems" in noHours).toBe(true);
  });

  it("gives the API nothing that it refuses, whatever is typed", () => {
    const draft = fc.record({
      action: fc.string(),
      effect: fc.constantFrom("forbid" as const, "second_person" as const),
      why: fc.string(),
      variables: fc.array(fc.record({ name: fc.string(), pattern: fc.string() }), { maxLength: 3 }),
      tags: fc.string(),
      sources: fc.subarray(["person", "token", "schedule"] as const).map((list) => [...list]),
      when: fc.constantFrom("always" as const, "again" as const, "once" as const),
      cron: fc.constantFrom("0 8 * * *", "never"),
      timeZone: fc.constantFrom("Europe/Berlin", ""),
      hours: fc.constantFrom(undefined, 0, 1, 1.5, 1000),
      from: fc.constantFrom("", "2027-01-04T06:00"),
      until: fc.constantFrom("", "2027-01-04T07:00"),
    });
    fc.assert(
      fc.property(draft, (typed) => {
        const read = ruleOf(typed);
        if ("rule" in read) expect(forbidRuleSchema.safeParse(read.rule).success).toBe(true);
        else expect(read.problems.length).toBeGreaterThan(0);
      }),
    );
  });

  it("shows a moment by this browser's clocks and sends the same moment", () => {
    expect(isoOf(localText("2027-01-04T06:00:00.000Z"))).toBe("2027-01-04T06:00:00.000Z");
    expect(localText("no time")).toBe("");
    expect(isoOf("no time")).toBe("no time");
  });
});

describe("a pattern", () => {
  it("is as the gate reads it", () => {
    expect(fits("users.*", "users.add")).toBe(true);
    expect(fits("*", "")).toBe(true);
    expect(fits("a*a", "a")).toBe(false);
    expect(fits("*.add", "users.add.more")).toBe(false);
    expect(fits("u*s.*d", "users.add")).toBe(true);
    expect(fits("users.(add)", "users.add")).toBe(false);
  });

  it("takes nothing but the star for more than itself", () => {
    const simple = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "(", "+"), maxLength: 8 });
    fc.assert(
      fc.property(
        simple,
        fc.string({ unit: fc.constantFrom("a", "b", ".", "(", "+"), maxLength: 10 }),
        (pattern, text) => {
          const source = pattern
            .split("*")
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
            .join("[^]*");
          expect(fits(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
        },
      ),
    );
  });
});
