import { expect, it } from "vitest";
import { simulateNode, sum, type Tally } from "../../packages/core/test/node-days.ts";

const nodes = 500;
const days = 20;

it("ten thousand node-days: nobody is told of a silence that was none, and of every other once", () => {
  const tallies = function* (): Generator<Tally> {
    for (let seed = 1; seed <= nodes; seed += 1) {
      yield simulateNode(seed * 7_919, days, { loss: 0.01, death: 0.02, twice: 0.05 });
    }
  };
  const total = sum(tallies());
  console.info(`${nodes * days} node-days:`, total);
  expect(total).toMatchObject({ falseOffline: 0, missed: 0, doubled: 0 });
  expect(total.silences).toBeGreaterThan(10_000);
});
