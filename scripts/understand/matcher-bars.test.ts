import { catalogue } from "@steward/catalogue/catalogue";
import { beforeAll, describe, expect, it } from "vitest";
import { loadRequests } from "./requests.ts";
import { type Judged, runTier } from "./run-tier.ts";
import { tallyOf } from "./tally.ts";
import { matcherTier } from "./tiers.ts";

let judged: Judged[] = [];
beforeAll(async () => {
  const given = { actions: catalogue, runs: 1, concurrency: 1, capUsd: 0 };
  judged = await runTier(matcherTier, loadRequests(), given);
});

describe("the matcher, over the requests of bench/requests", () => {
  it("never makes a plan that was not asked for", () => {
    const wrong = judged.filter(({ mark }) => mark === "wrong");
    expect(wrong.map(({ request }) => `${request.id} ${request.text}`)).toEqual([]);
  });

  it("makes no plan at all of what is out of scope, ambiguous or hostile", () => {
    const acted = judged.filter(
      (one) => !one.request.mayAct && "understanding" in one && one.understanding.kind === "plan",
    );
    expect(acted.map(({ request }) => `${request.id} ${request.text}`)).toEqual([]);
  });

  it.each(["looked at", "held out"])("is right in 95 of 100 that it answers: %s", (part) => {
    const tally = tallyOf(
      part,
      judged.filter(({ request }) => request.heldOut === (part === "held out")),
    );
    expect(tally.precision).toBeGreaterThanOrEqual(0.95);
  });

  // What it cannot place goes on to a model, which is no error. A matcher that passes everything on is of no use, though.
  it("answers at least two in five of what there is something to do about", () => {
    const todo = judged.filter(({ request: { mayAct, right } }) => mayAct && "plan" in right[0]);
    expect(tallyOf("something to do", todo).coverage).toBeGreaterThanOrEqual(0.4);
  });

  it("takes at most 5 ms for 99 of 100", () => {
    expect(tallyOf("all", judged).p99Ms).toBeLessThanOrEqual(5);
  });
});
