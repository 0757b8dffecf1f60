import { expect, it } from "vitest";
import { fleetWords } from "./fleet-words.ts";

const none = { healthy: 0, warning: 0, critical: 0, offline: 0 };

it("says in one sentence how the appliances are, the worst first", () => {
  expect(fleetWords(none).text).toBe("You have no appliances yet.");
  expect(fleetWords({ ...none, healthy: 1 }).text).toBe("Your appliance is well.");
  expect(fleetWords({ ...none, healthy: 25 })).toEqual({ text: "All 25 of your appliances are well." });
  expect(fleetWords({ ...none, offline: 1 }).text).toBe("Your appliance is not to be reached.");
  expect(fleetWords({ healthy: 22, warning: 0, critical: 1, offline: 2 })).toEqual({
    text: "Of your 25 appliances 1 needs help now and 2 are not to be reached; the other 22 are well.",
    trouble: "critical",
  });
});
