import { describe, expect, it } from "vitest";
import { mistakes } from "../../packages/core/test/simulation/mistakes.ts";
import { simulate } from "../../packages/core/test/simulation/simulate.ts";
import { chooseSeed } from "../support/seeded.ts";

const count = 10_000;
const seed = chooseSeed();
/** Enough for each mistake many times over. */
const enough = 3_000;

describe(`rollouts, simulated with STEWARD_SEED=${seed}`, () => {
  it(`of ${count}, none is lost, does anything twice, has no end, or goes further than it may`, () => {
    const outcomes: Record<string, number> = {};
    const seen = { kills: 0, executions: 0, rounds: 0 };
    const bad: { seed: number; violations: string[] }[] = [];
    for (let at = 0; at < count; at += 1) {
      const one = (seed + at) % 2 ** 31;
      const { violations, outcome, seen: more } = simulate(one);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      seen.kills += more.kills;
      seen.executions += more.executions;
      seen.rounds += more.rounds;
      if (violations.length > 0 && bad.length < 5) bad.push({ seed: one, violations });
    }
    process.stderr.write(`STEWARD_SEED=${seed}: ${JSON.stringify({ ...seen, outcomes })}\n`);
    expect(bad).toEqual([]);
    // A simulation in which all goes one way shows nothing.
    for (const outcome of [
      "succeeded",
      "succeeded (undone)",
      "failed (canary)",
      "failed (budget)",
      "failed (health)",
    ]) {
      expect(outcomes[outcome] ?? 0).toBeGreaterThan(count / 200);
    }
    // Half a minute where nothing else runs.
  }, 300_000);

  it.each(Object.entries(mistakes))("a mistake is found: %s", (_name, mistake) => {
    let found: string[] = [];
    for (let one = 1; one <= enough && found.length === 0; one += 1) found = simulate(one, mistake).violations;
    expect(found).not.toEqual([]);
  });
});
