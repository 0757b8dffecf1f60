import fc from "fast-check";
import { expect, test } from "vitest";
import { draftOf, thresholdsOf } from "./thresholds-draft.ts";

const aPair = fc
  .tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }))
  .filter(([one, other]) => one !== other)
  .map(([one, other]): [number, number] => [Math.min(one, other), Math.max(one, other)]);

test("what a form shows and nobody touches is what it was", () => {
  const given = fc.record(
    { cpuPercent: aPair, memoryPercent: aPair, diskPercent: aPair, loadAverage1m: aPair },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(given, (one) => {
      expect(thresholdsOf(draftOf(one))).toEqual({ thresholds: one, problems: [] });
    }),
  );
});

test("half a pair, one the wrong way round, and no number are refused at their metric", () => {
  const cpu = (warning: string, critical: string) =>
    thresholdsOf({ ...draftOf({}), cpuPercent: { warning, critical } });
  for (const [warning, critical] of [
    ["80", ""],
    ["90", "80"],
    ["x", "90"],
    ["0", "90"],
    ["80", "101"],
  ] as const) {
    const { thresholds, problems } = cpu(warning, critical);
    expect(thresholds, `${warning}/${critical}`).toBeUndefined();
    expect(problems[0]?.path.split(".")[0]).toBe("cpuPercent");
  }
  expect(cpu(" 79,5 ", "90").thresholds).toEqual({ cpuPercent: [79.5, 90] });
});
