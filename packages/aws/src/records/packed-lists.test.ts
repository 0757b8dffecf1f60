import fc from "fast-check";
import { expect, it } from "vitest";
import { packLists, unpackLists } from "./packed-lists.ts";

const paths = [["targets"], ["plan", "targets"], ["plan", "waveOf"]] as const;
const stateOf = (count: number, names: readonly string[], same: boolean) => {
  const targets = Array.from({ length: count }, (_, at) => ({ id: `apl_${at}`, name: names[at % names.length] ?? "" }));
  const ids = targets.map(({ id }) => id);
  return {
    v: 1 as const,
    version: 3,
    tenantId: "ten_provider",
    targets,
    plan: { steps: ["a"], targets: same ? ids : ids.toReversed(), waveOf: ids.map((_, at) => at % 3) },
  };
};

it("long lists come back as they were, in order, and short ones never leave their place", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 400 }),
      fc.array(
        fc
          .uint16Array()
          .map((units) => String.fromCharCode(...units))
          .map((text) => text.toWellFormed()),
        { minLength: 1, maxLength: 20 },
      ),
      fc.boolean(),
      (count, names, same) => {
        const state = stateOf(count, names, same);
        const packed = packLists(state, paths, "task");
        if (count <= 100) {
          expect(packed).toEqual({ state });
          expect(packed.state).toBe(state);
        } else {
          expect(Object.keys(packed.state)).not.toContain("targets");
          expect(packed.state.plan).toEqual({ steps: ["a"] });
        }
        // What older builds stored has no lists of its own.
        expect(unpackLists(packed.state, packed.lists)).toEqual(state);
        expect(unpackLists(state, undefined)).toBe(state);
      },
    ),
    { numRuns: 25 },
  );
});

it("a list with more than ids and names loses nothing", () => {
  const targets = Array.from({ length: 200 }, (_, at) => ({ id: `apl_${at}`, name: "n", wave: at % 2 }));
  const state = { v: 1 as const, version: 1, targets };
  const packed = packLists(state, paths, "rollout");
  expect(unpackLists(packed.state, packed.lists)).toEqual(state);
});
