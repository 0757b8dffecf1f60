import { expect, it } from "vitest";
import { simulateNode, sum } from "../../test/node-days.ts";

// Ten thousand of them are `test/simulation/node-days.test.ts`.
it("forty node-days of flaps, losses, doubled and late messages and deaths: nothing false, missed or doubled", () => {
  const total = sum(
    Array.from({ length: 8 }, (_, seed) => simulateNode(seed, 5, { loss: 0.01, death: 0.1, twice: 0.1 })),
  );
  expect(total).toMatchObject({ falseOffline: 0, missed: 0, doubled: 0 });
  expect(total.silences).toBeGreaterThan(20);
  expect(total.rises).toBeGreaterThan(20);
});
