import type { Plan } from "@steward/contracts/plan";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffCounts, diffLines } from "./diff-lines.ts";
import { decisionText, namesText, rolloutTexts, secondsText, valueText, waveSizes } from "./plan-text.ts";
import { emptyRollout, readRollout, rolloutDraftOf } from "./rollout-draft.ts";

const rollout = { waves: [{ percent: 100 }], maxConcurrency: 100, undoOnFailure: false };
const targets: Plan["targets"] = ["apl_1", "apl_2", "apl_3", "apl_4"].map((id) => id as Plan["targets"][number]);

describe("a plan in words", () => {
  it("says how it goes over several appliances, and nothing for a single one", () => {
    expect(rolloutTexts({ targets: targets.slice(0, 1), rollout })).toEqual([]);
    expect(
      rolloutTexts({ targets, waveOf: [1, 2, 2, 2], rollout: { ...rollout, maxConcurrency: 2, pauseSeconds: 600 } }),
    ).toEqual(["2 waves of 1, 3 appliances", "2 at one time", "stops when one fails", "10 min between waves"]);
  });

  it("counts every target in one wave", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 21 }), { minLength: 1 }), (waveOf) => {
        const sizes = waveSizes({ targets: waveOf.map(() => targets[0] as Plan["targets"][number]), waveOf });
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(waveOf.length);
      }),
    );
  });

  it("says for whom it waits", () => {
    const reasons = [
      { rule: "risk", decision: "needs_approval" as const, why: "high risk" },
      { rule: "role", decision: "allow" as const, why: "asked for by an admin" },
      { rule: "window", decision: "allow" as const, why: "nas-1: in the blackout inventory. It waits for that." },
    ];
    expect(decisionText({ decision: "needs_approval", approver: "other", reasons })).toEqual({
      tone: "wait",
      who: "Another person with the role approver must say yes.",
      why: ["high risk", "nas-1: in the blackout inventory. It waits for that."],
    });
    expect(decisionText({ decision: "deny", reasons: [] }).tone).toBe("bad");
    expect(decisionText({ decision: "allow", reasons: [] }).tone).toBe("good");
  });

  it("names a few and counts the rest", () => {
    expect(namesText(["a"])).toBe("a");
    expect(namesText(["a", "b", "c"])).toBe("a, b and c");
    expect(namesText(["a", "b", "c", "d"])).toBe("a, b, c and 1 more");
    expect(namesText(["a", "b"], 25)).toBe("a, b and 23 more");
    expect(namesText([])).toBe("no appliance");
  });

  it("shows values as people say them", () => {
    expect([true, false, "", [], ["a", "b"], 7].map(valueText)).toEqual(["yes", "no", "“”", "none", "a, b", "7"]);
    expect([90, 120, 3_600, 5_400].map(secondsText)).toEqual(["90 s", "2 min", "1 h", "90 min"]);
  });
});

describe("a diff in lines", () => {
  it("tells what was added and removed from where it stands", () => {
    const lines = diffLines("--- before\n+++ after\n@@ -1 +1,2 @@\n same\n-old\n+new\n+more\n");
    expect(lines.map(({ kind }) => kind)).toEqual(["file", "file", "place", "same", "removed", "added", "added"]);
    expect(diffCounts(lines)).toEqual({ added: 2, removed: 1 });
  });
  it("loses no line", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ -~]{0,20}$/), { minLength: 1 }), (texts) => {
        const diff = `${texts.join("\n")}\n`;
        expect(diffLines(diff)).toHaveLength(texts.length);
      }),
    );
  });
});

describe("a rollout as it is typed", () => {
  it("is nothing where nothing was said", () => {
    expect(readRollout(emptyRollout)).toEqual({ problems: [] });
  });
  it("reads the command line's notation", () => {
    const draft = {
      ...emptyRollout,
      canary: "1",
      ring: "early",
      waves: "10, 25%,ring:late, 100%",
      errorBudget: "0",
      pause: "10m",
      healthGate: "2",
      minHealthy: "50%",
      confirmWaves: "first" as const,
      undoOnFailure: true,
    };
    expect(readRollout(draft)).toEqual({
      problems: [],
      rollout: {
        waves: [{ count: 1 }, { ring: "early" }, { count: 10 }, { percent: 25 }, { ring: "late" }, { percent: 100 }],
        errorBudget: { count: 0 },
        pauseSeconds: 600,
        healthGate: { heartbeats: 2 },
        minHealthy: { percent: 50 },
        confirmWaves: "first",
        undoOnFailure: true,
      },
    });
  });
  it("says what is wrong at its field, and then asks for nothing", () => {
    const read = readRollout({ ...emptyRollout, waves: "10,x", pause: "25h", canary: "0" });
    expect(read.problems.map(({ path }) => path).toSorted()).toEqual(["canary", "pause", "waves"]);
    expect(read.rollout).toBeUndefined();
  });
  it("gives back what it was made from", () => {
    const part = fc.oneof(
      fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ count: fc.integer({ min: 1, max: 10_000 }) }),
    );
    const request = fc.record(
      {
        waves: fc.array(fc.oneof(part, fc.record({ ring: fc.stringMatching(/^[a-z0-9]{1,9}$/) })), {
          minLength: 1,
          maxLength: 20,
        }),
        maxConcurrency: fc.integer({ min: 1, max: 10_000 }),
        errorBudget: part,
        pauseSeconds: fc.integer({ min: 1, max: 86_400 }),
        confirmWaves: fc.constantFrom("first" as const, "each" as const),
        healthGate: fc.record({ heartbeats: fc.integer({ min: 1, max: 10 }) }),
        minHealthy: part,
      },
      { requiredKeys: ["maxConcurrency"] },
    );
    fc.assert(
      fc.property(request, (asked) => {
        expect(readRollout(rolloutDraftOf(asked)).rollout).toEqual(asked);
      }),
    );
  });
});
