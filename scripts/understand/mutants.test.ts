import { catalogue } from "@steward/catalogue/catalogue";
import { expect, it } from "vitest";
import { isTaken, mutantsOf } from "./mutants.ts";
import { loadRequests } from "./requests.ts";

it("of ten thousand plans that are nearly right, fewer than one in 300 is taken", () => {
  const mutants = mutantsOf(loadRequests(), catalogue)
    // The order in a list of the same things to do is nobody's wish.
    .filter(({ kind }) => kind !== "order reversed");
  const taken = mutants.filter((one) => isTaken(one, catalogue));
  expect(mutants.length).toBeGreaterThanOrEqual(10_000);
  const shown = taken.filter(({ request }) => !request.heldOut).map(({ kind, request }) => `${kind}: ${request.text}`);
  expect(taken.length / mutants.length, shown.join("\n")).toBeLessThan(1 / 300);
}, 60_000);
