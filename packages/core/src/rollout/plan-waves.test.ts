import type { Wave } from "@steward/contracts/plan";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applianceIds } from "../../test/fixtures.ts";
import { completeRollout, type Placed, planWaves } from "./plan-waves.ts";

const change = { onlyReads: false, several: true };
const rings = ["canary", "early", "late"] as const;
const waves = fc.array(
  fc.oneof(
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
    fc.record({ count: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ ring: fc.constantFrom(...rings) }),
  ),
  { minLength: 1, maxLength: 6 },
);
const fleets = fc
  .array(
    fc.record({
      tags: fc.subarray(rings.map((ring) => `ring:${ring}`)),
      health: fc.constantFrom("healthy" as const, "warning" as const, "critical" as const, "offline" as const),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((fleet): Placed[] => applianceIds(fleet.length).map((id, at) => ({ id, ...fleet[at] })));

/** Undefined where the request cannot be planned. */
function plan(list: Wave[], targets: Placed[]): number[] | undefined {
  try {
    const planned = planWaves(completeRollout({ waves: list }, change), targets);
    expect(planned.rollout.wavesDigest === undefined).toBe(planned.waveOf === undefined);
    return planned.waveOf ?? targets.map(() => 1);
  } catch (error) {
    expect(error).toMatchObject({ code: "unprocessable" });
    return undefined;
  }
}

describe("the waves of a plan", () => {
  it("hold every target once, without gaps, and no wave is larger than it was asked for", () => {
    fc.assert(
      fc.property(waves, fleets, (list, targets) => {
        const waveOf = plan(list, targets);
        if (waveOf === undefined) return;
        const numbers = [...new Set(waveOf)].sort((a, b) => a - b);
        expect(numbers).toEqual(numbers.map((_, at) => at + 1));
        const [first] = list;
        if (first === undefined || "ring" in first) return;
        const size = waveOf.filter((wave) => wave === 1).length;
        const asked = "count" in first ? first.count : Math.ceil((targets.length * first.percent) / 100);
        expect(size).toBeGreaterThan(0);
        expect(size).toBeLessThanOrEqual(asked);
      }),
    );
  });

  it("keep those of a ring together, wherever a wave names it", () => {
    fc.assert(
      fc.property(waves, fleets, (list, targets) => {
        const waveOf = plan(list, targets);
        if (waveOf === undefined) return;
        for (const wave of list) {
          if (!("ring" in wave)) continue;
          const earlier = (target: Placed) =>
            list.slice(0, list.indexOf(wave)).some((one) => "ring" in one && target.tags?.includes(`ring:${one.ring}`));
          const members = targets.flatMap((target, at) =>
            target.tags?.includes(`ring:${wave.ring}`) && !earlier(target) ? [waveOf[at]] : [],
          );
          expect(new Set(members).size).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it("depend on the targets as a set only", () => {
    fc.assert(
      fc.property(waves, fleets, (list, targets) => {
        const waveOf = plan(list, targets);
        expect(plan(list, [...targets].reverse())?.reverse()).toEqual(waveOf);
      }),
    );
  });

  it("begin with one appliance that is there, and rather with the one that is tagged for it", () => {
    const [a = "", b = "", c = "", d = ""] = applianceIds(4);
    const canary = (targets: Placed[]) => planWaves(completeRollout(undefined, change), targets).waveOf;
    expect(canary([{ id: a }, { id: b }, { id: c }])).toEqual([1, 2, 2]);
    expect(
      canary([
        { id: a, health: "offline" },
        { id: b, health: "critical" },
        { id: c, health: "healthy" },
      ]),
    ).toEqual([2, 2, 1]);
    expect(
      canary([
        { id: a },
        { id: b, tags: ["ring:canary"], health: "offline" },
        { id: c },
        { id: d, tags: ["ring:canary"] },
      ]),
    ).toEqual([2, 2, 2, 1]);
  });

  it("are one for a single appliance and for what only reads, which then tolerates every failure", () => {
    const [id = ""] = applianceIds(1);
    const one = planWaves(completeRollout(undefined, { onlyReads: false, several: false }), [{ id }]);
    expect(one).toEqual({ rollout: { waves: [{ percent: 100 }], maxConcurrency: 100, undoOnFailure: false } });
    const reads = planWaves(
      completeRollout(undefined, { onlyReads: true, several: true }),
      applianceIds(3).map((each) => ({ id: each })),
    );
    expect(reads).toEqual({
      rollout: { waves: [{ percent: 100 }], maxConcurrency: 100, undoOnFailure: false, errorBudget: { percent: 100 } },
    });
  });

  it("round percents up and make one last wave of what is left over", () => {
    const targets = applianceIds(10).map((id) => ({ id }));
    expect(plan([{ percent: 1 }, { percent: 25 }], targets)).toEqual([1, 2, 2, 2, 3, 3, 3, 3, 3, 3]);
    // What fits many has to fit few, too.
    expect(plan([{ count: 1 }, { percent: 10 }, { percent: 50 }], targets.slice(0, 2))).toEqual([1, 2]);
  });

  it("say what to do about a ring that nobody is in", () => {
    const targets = applianceIds(2).map((id) => ({ id, tags: ["ring:early"] }));
    const ask = (list: Wave[]) => () => planWaves(completeRollout({ waves: list }, change), targets);
    expect(ask([{ count: 1 }, { ring: "canary" }])).toThrow(
      "Wave 2 would be empty: no target has the tag ring:canary.",
    );
    expect(ask([{ count: 1 }, { ring: "early" }])).toThrow("The first wave would be empty");
  });
});
