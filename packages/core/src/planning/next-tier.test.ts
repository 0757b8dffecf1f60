import { defaults } from "@steward/contracts/defaults";
import fc from "fast-check";
import { expect, it } from "vitest";
import { nextTry, retryTable, type Shortfall } from "./next-tier.ts";

const shortfalls = Object.keys(retryTable.ollama) as Shortfall[];
const tiers = ["ollama", "claude"] as const;
const after = (tier: "ollama" | "claude", earlier: number, shortfall: Shortfall) =>
  nextTry({ tier, failures: Array.from({ length: earlier }, () => ({ tier })) }, shortfall);

it("no tier is asked the same again: the question, the worker or the time is another one", () => {
  for (const tier of tiers)
    for (const { again, by } of Object.values(retryTable[tier])) expect(again > 0).toBe(by !== undefined);
});

it("a fault of form is named once, and a misreading never; an answer of Claude is paid for once", () => {
  expect(after("ollama", 0, "bad_form")).toEqual({ kind: "try", tier: "ollama", repairs: true });
  expect(after("ollama", 1, "bad_form")).toEqual({ kind: "try", tier: "claude", repairs: false });
  expect(after("ollama", 0, "low_grade")).toEqual({ kind: "try", tier: "claude", repairs: false });
  for (const shortfall of ["bad_form", "low_grade"] as const)
    expect(after("claude", 0, shortfall)).toEqual({ kind: "end" });
});

it("whatever falls short in whatever order, a job comes from the workers to Claude and never back, and ends", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...shortfalls), { minLength: 12, maxLength: 12 }), (list) => {
      let tier: (typeof tiers)[number] = "ollama";
      const failures: { tier: (typeof tiers)[number] }[] = [];
      for (const shortfall of list) {
        const next = nextTry({ tier, failures }, shortfall);
        failures.push({ tier });
        if (next.kind === "end" || failures.length >= defaults.jobAttempts) return;
        if (tier === "claude") expect(next.tier).toBe("claude");
        ({ tier } = next);
      }
      expect.unreachable("it must have ended");
    }),
  );
});
