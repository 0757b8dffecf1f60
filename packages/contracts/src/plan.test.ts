import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical, canonicalHash, sha256Hex } from "./canonical.ts";
import { contentHash, defaultRollout, type ExecutablePlan, executablePlan, type Plan, planHash } from "./plan.ts";

/** Turns every object's keys round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, one]) => [key, reversed(one)]),
  );
}

describe("the canonical form", () => {
  it("is the same for the same content, however it is written down", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonical(reversed(value))).toBe(canonical(value));
        expect(canonical(JSON.parse(canonical(value)))).toBe(canonical(value));
      }),
    );
  });

  it("is RFC 8785's, and its hash is sha256 over UTF-8", () => {
    expect(canonical({ b: [1e21, 0.1, -0], a: "é\n", "\u20ac": null })).toBe('{"a":"é\\n","b":[1e+21,0.1,0],"€":null}');
    expect(sha256Hex("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(canonicalHash({})).toBe(sha256Hex("{}"));
  });

  it("does not exist for what is no JSON", () => {
    expect(() => canonical(undefined)).toThrow(TypeError);
  });
});

const plan: ExecutablePlan = {
  tenantId: "ten_provider",
  steps: [{ action: "users.add", variables: { username: "john" }, bundle: "a".repeat(64), undo: "recorded" }],
  targetsRoot: "b".repeat(64),
  rollout: defaultRollout,
  releaseVersion: 1,
};
const [step] = plan.steps;
if (step === undefined) throw new Error("the plan has a step");

describe("a plan's hashes", () => {
  const changes: Record<string, ExecutablePlan> = {
    tenant: { ...plan, tenantId: "ten_other" },
    action: { ...plan, steps: [{ ...step, action: "users.remove" }] },
    value: { ...plan, steps: [{ ...step, variables: { username: "jon" } }] },
    "another value": { ...plan, steps: [{ ...step, variables: { username: "john", groups: ["sudo"] } }] },
    bundle: { ...plan, steps: [{ ...step, bundle: "c".repeat(64) }] },
    undo: { ...plan, steps: [{ ...step, undo: "none" }] },
    "number of steps": { ...plan, steps: [step, step] },
    targets: { ...plan, targetsRoot: "c".repeat(64) },
    rollout: { ...plan, rollout: { ...defaultRollout, maxConcurrency: 1 } },
    release: { ...plan, releaseVersion: 2 },
  };
  it.each(Object.keys(changes))("change with the %s", (name) => {
    expect(contentHash(changes[name] ?? plan)).not.toBe(contentHash(plan));
  });

  it("do not depend on what only people see", () => {
    const whole: Omit<Plan, "contentHash" | "planHash"> = {
      ...plan,
      v: 1,
      steps: [{ ...step, title: "Add a user", provenance: {}, risk: "low", riskReasons: [], timeoutSeconds: 60 }],
      targets: ["apl_1"],
      mode: "apply",
      verbosity: 0,
      risk: "low",
      expiresAtMs: 1,
    };
    expect(contentHash(executablePlan(whole))).toBe(contentHash(plan));
  });

  it("bind an approval to one task, mode and expiry", () => {
    const input = { contentHash: "a", taskId: "tsk_1", mode: "apply", expiresAtMs: 1 } as const;
    const others = [
      { ...input, contentHash: "b" },
      { ...input, taskId: "tsk_2" },
      { ...input, mode: "check" as const },
      { ...input, expiresAtMs: 2 },
    ];
    expect(new Set([input, ...others].map(planHash)).size).toBe(5);
  });
});
