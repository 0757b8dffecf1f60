import fc from "fast-check";
import { expect, it } from "vitest";
import { inTurn } from "./in-turn.ts";

it("ten thousand of one tenant do not come before the one of another", () => {
  const flood = Array.from({ length: 10_000 }, (_, id) => ({ tenantId: "flood", id }));
  const turns = inTurn([...flood, { tenantId: "other", id: 0 }]);
  expect(turns.slice(0, 2).map(({ tenantId }) => tenantId)).toEqual(["flood", "other"]);
  expect(turns).toHaveLength(10_001);
});

it("keeps everybody's order, leaves nobody out, and has nobody wait for more than one of each other tenant", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c")), (tenants) => {
      const records = tenants.map((tenantId, id) => ({ tenantId, id }));
      const turns = inTurn(records);
      for (const tenantId of ["a", "b", "c"]) {
        const own = (list: typeof records) => list.filter((one) => one.tenantId === tenantId);
        expect(own(turns)).toEqual(own(records));
        own(turns).forEach((one, turn) => {
          expect(turns.indexOf(one)).toBeLessThan((turn + 1) * 3);
        });
      }
      expect(turns).toHaveLength(records.length);
    }),
  );
});
