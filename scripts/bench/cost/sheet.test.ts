import { describe, expect, it } from "vitest";
import { figuresOf, keptMeter, pageIsOf } from "../cost.ts";
import { meets } from "../report.ts";
import { billablesOf, combine, priceOf, totalOf } from "./billables.ts";

describe("the cost sheet", () => {
  it("is the page that is made of what was metered, today's prices and definitions (npm run bench:cost)", () => {
    expect(pageIsOf(keptMeter())).toBe(true);
  });

  it("meets its bars", () => {
    expect(figuresOf(keptMeter()).filter((figure) => !meets(figure))).toEqual([]);
  });

  it("grows by adding: twice the calls are twice the price", () => {
    const meters = keptMeter().hour;
    const once = billablesOf(meters);
    expect(totalOf(priceOf(combine([once, 2])))).toBeCloseTo(2 * totalOf(priceOf(once)), 12);
    expect(once.requests).toBe(meters["heartbeat"]?.invocations);
  });
});
