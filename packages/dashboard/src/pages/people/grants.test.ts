import { type RoleGrant, roles } from "@steward/contracts/roles";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changeText, givable, grantChanges, grantText } from "./grants.ts";

const named = (id: string) => (id === "ten_a" ? "Jones" : id);
const grants = fc.uniqueArray(
  fc.record({ tenant: fc.constantFrom("*", "ten_a", "ten_b", "ten_c"), role: fc.constantFrom(...roles) }),
  { selector: ({ tenant }) => tenant },
);

describe("roles in words", () => {
  it("says where they are good", () => {
    expect(grantText({ tenant: "ten_a", role: "admin" }, named)).toBe("admin of Jones");
    expect(grantText({ tenant: "*", role: "viewer" }, named)).toBe("viewer everywhere");
  });

  it("says what somebody is given, and what is taken away", () => {
    const before: RoleGrant[] = [
      { tenant: "ten_a", role: "viewer" },
      { tenant: "ten_b", role: "admin" },
    ];
    const changes = grantChanges(before, [
      { tenant: "ten_a", role: "operator" },
      { tenant: "*", role: "viewer" },
    ]);
    expect(changes.map((change) => changeText(change, named))).toEqual([
      "operator in Jones (was viewer)",
      "viewer everywhere",
      "no role in ten_b any more (was admin)",
    ]);
    expect(changes.map(({ raises }) => raises)).toEqual([true, true, false]);
  });

  it("finds no change between a list and itself, in any order", () => {
    fc.assert(
      fc.property(grants, (list) => {
        expect(grantChanges(list, list.toReversed())).toEqual([]);
      }),
    );
  });

  it("leads from the one list to the other", () => {
    fc.assert(
      fc.property(grants, grants, (before, after) => {
        const now = new Map<string, string>(before.map(({ tenant, role }) => [tenant, role]));
        for (const { tenant, to } of grantChanges(before, after)) {
          if (to === undefined) now.delete(tenant);
          else now.set(tenant, to);
        }
        expect(now).toEqual(new Map(after.map(({ tenant, role }) => [tenant, role])));
      }),
    );
  });
});

describe("what somebody may give", () => {
  it("is no more than they have", () => {
    expect(givable(roles, "operator")).toEqual(["viewer", "operator"]);
    expect(givable(roles, undefined)).toEqual([]);
    expect(givable(["viewer", "operator", "admin"] as const, "approver")).toEqual(["viewer", "operator"]);
  });
});
