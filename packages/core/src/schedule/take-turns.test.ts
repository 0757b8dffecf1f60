import fc from "fast-check";
import { expect, it } from "vitest";
import { takeTurns } from "./take-turns.ts";

it("takes all of them, each tenant's in their order, and nobody's next one before everybody's first", () => {
  const several = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 });
  fc.assert(
    fc.property(several, (tenants) => {
      const all = tenants.map((tenantId, at) => ({ tenantId, at }));
      const turns = takeTurns(all);
      expect(turns.toSorted((a, b) => a.at - b.at)).toEqual(all);
      const counts = new Map<string, number>();
      let before = 0;
      for (const { tenantId, at } of turns) {
        const nth = (counts.get(tenantId) ?? 0) + 1;
        counts.set(tenantId, nth);
        expect(nth).toBeGreaterThanOrEqual(before);
        before = nth;
        expect(all.filter((one) => one.tenantId === tenantId)[nth - 1]?.at).toBe(at);
      }
    }),
  );
});
