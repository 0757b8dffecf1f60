import { expect, it } from "vitest";
import { nextSteps } from "./next-step-texts.ts";

it("takes sentences to say instead from what is told, and leaves out what the page has a button for", () => {
  expect(
    nextSteps([
      "Say: add user <username>",
      "Choose fewer appliances.",
      "Or ask your provider: steward tasks escalate tsk_1",
    ]),
  ).toEqual({
    wishes: ["add user …"],
    others: ["Choose fewer appliances."],
  });
});
