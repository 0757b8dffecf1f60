import { type Lane, lanes } from "@steward/contracts/names";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assumedSeconds, expectedTokensOf, type PaceHistory, predictJob, predictionErrorOf } from "./predict-job.ts";
import { medianRatio, type RatioCounts, stepOf, stepWidth } from "./ratio-counts.ts";

const job = { kind: "plan", promptCharacters: 12_000, instruction: "add user john and restart smbd" } as const;
const ratios = fc.double({ min: 0.02, max: 50, noNaN: true });
/** As the table adds it. */
const withRatio = (counts: RatioCounts, ratio: number): RatioCounts => {
  const step = stepOf(ratio);
  return step === undefined ? counts : { ...counts, [step]: (counts[step] ?? 0) + 1 };
};
const countsOf = (list: readonly number[]) => list.reduce<RatioCounts>(withRatio, {});
/** A median of steps is right to half a step on either side. */
const aStep = Math.exp(stepWidth);

describe("a median of ratios", () => {
  it("stays among the honest ones while they are the majority, whatever the others are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.8, max: 1.25, noNaN: true }), { minLength: 11, maxLength: 60 }),
        fc.array(fc.constantFrom(1e-9, 1e-3, 40, 1e9, Number.MAX_VALUE), { maxLength: 4 }),
        (honest, wild) => {
          const median = medianRatio(countsOf([...honest, ...wild]), { ratio: 1, weight: 2 });
          expect(median).toBeGreaterThan(0.8 / aStep);
          expect(median).toBeLessThan(1.25 * aStep);
        },
      ),
    );
  });

  it("does not count what is no ratio", () => {
    for (const none of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) expect(withRatio({}, none)).toEqual({});
  });
});

describe("predicting a job", () => {
  it("never expects less of more: characters, steps, words", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(50_000), fc.nat(9), fc.nat(5), (characters, more, steps, further) => {
        const of = (promptCharacters: number, count: number) =>
          predictJob({
            kind: "plan",
            promptCharacters,
            instruction: Array(count + 1)
              .fill("add user x")
              .join(", "),
          });
        const small = of(characters, steps);
        const large = of(characters + more, steps + further);
        expect(large.seconds).toBeGreaterThanOrEqual(small.seconds);
        expect(lanes.indexOf(large.lane)).toBeGreaterThanOrEqual(lanes.indexOf(small.lane));
      }),
    );
  });

  it("chooses the lane by its seconds", () => {
    fc.assert(
      fc.property(fc.nat(400_000), fc.array(ratios, { maxLength: 30 }), (promptCharacters, speeds) => {
        const speed = countsOf(speeds);
        const history: PaceHistory = lanes.map((lane) => ({ lane, kind: "plan", speed, length: {} }));
        const { seconds, lane } = predictJob({ ...job, promptCharacters }, history);
        expect(lane).toBe(seconds <= 5 ? "express" : seconds <= 30 ? "standard" : "bulk");
      }),
    );
  });

  it("puts a small request of the catalogue's size into express, a long one into standard, an essay into bulk", () => {
    expect(predictJob(job).lane).toBe("express");
    const many = "add users a, b, c, d and e, then share films with them, then restart smbd";
    expect(predictJob({ ...job, instruction: many }).lane).toBe("standard");
    const essay = { kind: "answer", promptCharacters: 9_000, instruction: "Explain backups in 2500 words" } as const;
    expect(predictJob(essay).lane).toBe("bulk");
  });

  it("learns what its hosts are like, to a step, although a tenth of the jobs hung", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 20, noNaN: true }),
        fc.integer({ min: 20, max: 60 }),
        (slowness, jobs) => {
          const seen = Array.from({ length: jobs }, (_, index) => (index % 10 === 9 ? 50 : slowness));
          const history = lanes.map((lane) => ({ lane, kind: "plan" as const, speed: countsOf(seen), length: {} }));
          const factor = predictJob(job, history).seconds / predictJob(job).seconds;
          expect(factor).toBeGreaterThan(slowness / aStep);
          expect(factor).toBeLessThan(slowness * aStep);
        },
      ),
    );
  });

  it("judges a lane by that lane's own hosts, and one without jobs yet by the others", () => {
    const slow = countsOf(Array(20).fill(4));
    const fast = countsOf(Array(20).fill(0.5));
    const pace = (lane: Lane, speed: RatioCounts) => ({ lane, kind: "plan" as const, speed, length: {} });
    expect(predictJob(job, [pace("express", slow), pace("standard", fast)]).lane).toBe("standard");
    const onlyStandard = predictJob(job, [pace("standard", slow)]);
    expect(onlyStandard.seconds).toBeGreaterThan(3 * predictJob(job).seconds);
  });

  it("learns that answers are longer than thought, of that kind alone", () => {
    const history: PaceHistory = [{ lane: "express", kind: "answer", speed: {}, length: countsOf(Array(20).fill(5)) }];
    const ask = { kind: "answer", promptCharacters: 4_000, instruction: "How do I reach my files?" } as const;
    expect(predictJob(ask, history).seconds).toBeGreaterThan(2 * predictJob(ask).seconds);
    expect(predictJob(job, history).seconds).toBe(predictJob(job).seconds);
  });

  it("expects of an answer what was asked for", () => {
    const of = (instruction: string) => expectedTokensOf({ kind: "answer", instruction });
    expect(of("explain DNS in 50 words")).toBeCloseTo(70);
    expect(of("briefly, what is DNS?")).toBeLessThan(of("what is DNS?"));
    expect(of("explain DNS step by step")).toBeGreaterThan(of("what is DNS?"));
  });

  it("reports how wrong it was, in the measure in which it was wrong", () => {
    expect(predictionErrorOf({})).toBeUndefined();
    // Twice as long and half as long are equally wrong.
    expect(predictionErrorOf(countsOf([2, 0.5, 2, 0.5]))?.p50).toBeCloseTo(Math.LN2, 0);
    const nine = predictionErrorOf(countsOf([...Array<number>(9).fill(1), 50]));
    expect(nine).toMatchObject({ p50: 0, jobs: 10 });
    expect(nine?.p90).toBeGreaterThan(1);
  });

  it("does not count the time that the tokens really took as an error of the speed", () => {
    expect(assumedSeconds(2_500, 70)).toBeCloseTo(2.3);
  });
});
