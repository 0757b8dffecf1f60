import fc from "fast-check";
import { expect, it } from "vitest";
import { presenceShards } from "./presence-item.ts";
import { packShards, unpackShards } from "./sweep-state.ts";

const shards = fc.uniqueArray(fc.nat(presenceShards - 1)).map((all) => all.toSorted((one, other) => one - other));

it("shards come back as they were, from sixteen characters, or from the list of before", () => {
  fc.assert(
    fc.property(shards, (all) => {
      expect(packShards(all)).toMatch(/^[0-9a-f]{16}$/);
      expect(unpackShards(packShards(all))).toEqual(all);
      expect(unpackShards(all)).toEqual(all);
    }),
  );
});
