import { defaultThresholds } from "@steward/contracts/defaults";
import { putAlertingSchema, type ThresholdsGiven, thresholdsSchema } from "@steward/contracts/thresholds";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftOf, isChanged, metrics, pairProblem, thresholdsOf } from "./thresholds.ts";

const inForce = {
  cpuPercent: [...defaultThresholds.cpuPercent],
  memoryPercent: [...defaultThresholds.memoryPercent],
  diskPercent: [...defaultThresholds.diskPercent],
  loadAverage1m: [...defaultThresholds.loadAverage1m],
} as Required<ThresholdsGiven>;

describe("thresholds in a form", () => {
  it("sends only what the tenant has set, and the API takes whatever has no problem", () => {
    const number = fc.oneof(fc.constant(undefined), fc.double({ min: -5, max: 120, noNaN: true }));
    const pair = fc.oneof(fc.constant(undefined), fc.record({ warning: number, critical: number }));
    fc.assert(
      fc.property(fc.tuple(pair, pair, pair, pair), (pairs) => {
        const draft = draftOf({});
        metrics.forEach(({ metric }, at) => {
          draft[metric] = pairs[at];
        });
        const isFine = metrics.every(({ metric }) => pairProblem(metric, draft[metric]) === undefined);
        const body = { thresholds: thresholdsOf(draft) };
        if (isFine) expect(putAlertingSchema.safeParse(body).success).toBe(true);
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

  it("notices a change, and the way back to Steward's own", () => {
    const view = { thresholds: { cpuPercent: [70, 90] as [number, number] }, inForce };
    expect(isChanged(draftOf(view.thresholds), undefined, view)).toBe(false);
    expect(isChanged(draftOf(view.thresholds), 30, view)).toBe(true);
    expect(isChanged(draftOf({}), undefined, view)).toBe(true);
    expect(isChanged(draftOf({ cpuPercent: [70, 91] }), undefined, view)).toBe(true);
  });
});
