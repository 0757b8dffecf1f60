import { putAlertingSchema, thresholdsSchema } from "@steward/contracts/thresholds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOf, isChanged, isFine, metrics, pairProblem, thresholdsOf } from "./threshold-draft.ts";

const aPair = fc
  .tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }))
  .filter(([one, other]) => one !== other)
  .map(([one, other]): [number, number] => [Math.min(one, other), Math.max(one, other)]);

describe("thresholds in a form", () => {
  it("are what they were where nobody touches them", () => {
    const given = fc.record(
      { cpuPercent: aPair, memoryPercent: aPair, diskPercent: aPair, loadAverage1m: aPair },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(given, (one) => {
        expect(thresholdsOf(draftOf(one))).toEqual(one);
        expect(isChanged(draftOf(one), one)).toBe(false);
      }),
    );
  });

  it("sends only what the tenant has set, and the API takes whatever has no problem", () => {
    const number = fc.oneof(fc.constant(undefined), fc.double({ min: -5, max: 120, noNaN: true }));
    const pair = fc.oneof(fc.constant(undefined), fc.record({ warning: number, critical: number }));
    fc.assert(
      fc.property(fc.tuple(pair, pair, pair, pair), (pairs) => {
        const draft = draftOf({});
        metrics.forEach(({ metric }, at) => {
          draft[metric] = pairs[at];
        });
        const body = { thresholds: thresholdsOf(draft) };
        if (isFine(draft)) expect(putAlertingSchema.safeParse(body).success).toBe(true);
        const known = thresholdsSchema.safeParse(body.thresholds);
        if (known.success) expect(draftOf(known.data)).toEqual(draftOf(thresholdsOf(draft)));
      }),
    );
  });

  it("says what is missing and what is upside down", () => {
    expect(pairProblem("cpuPercent", undefined)).toBeUndefined();
    expect(pairProblem("cpuPercent", { warning: 80, critical: undefined })).toBe("give both numbers");
    expect(pairProblem("cpuPercent", { warning: 95, critical: 80 })).toBe("warning must be below critical");
    expect(pairProblem("cpuPercent", { warning: 80, critical: 101 })).toBe("must be from 1 to 100");
  });

  it("notices a change, and the way back to what is above", () => {
    const given = { cpuPercent: [70, 90] as [number, number] };
    expect(isChanged(draftOf(given), given)).toBe(false);
    expect(isChanged(draftOf({}), given)).toBe(true);
    expect(isChanged(draftOf({ cpuPercent: [70, 91] }), given)).toBe(true);
    expect(isChanged({ ...draftOf(given), diskPercent: { warning: undefined, critical: undefined } }, given)).toBe(
      true,
    );
  });
});
