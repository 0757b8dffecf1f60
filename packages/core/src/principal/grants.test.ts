import { hasRole, type RoleGrant, roleIn, roles } from "@steward/contracts/roles";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PersonState, TokenState } from "../tenant/tenant-state.ts";
import {
  covers,
  grantsOf,
  limitedTo,
  maySignIn,
  raisedGrants,
  tokenGrantsOf,
  visibleGrants,
  withVisibleGrants,
} from "./grants.ts";

const tenants = ["ten_a", "ten_b", "ten_provider"];
const grant = fc.record({ tenant: fc.constantFrom(...tenants, "*"), role: fc.constantFrom(...roles) });
const grantList = fc.uniqueArray(grant, { selector: (one) => one.tenant, maxLength: 4 });
const tokenGrant = fc.record({
  tenant: fc.constantFrom(...tenants, "*"),
  role: fc.constantFrom("viewer" as const, "operator" as const, "admin" as const),
});
const tokenGrantList = fc.uniqueArray(tokenGrant, { selector: (one) => one.tenant, maxLength: 4 });

const person = fc
  .record({
    grants: grantList,
    disabledAtMs: fc.option(fc.constant(1), { nil: undefined, freq: 5 }),
    disabledIn: fc.option(fc.uniqueArray(fc.constantFrom(...tenants), { maxLength: 2 }), { nil: undefined, freq: 3 }),
  })
  .map(({ grants, disabledAtMs, disabledIn }): PersonState => {
    return {
      v: 1,
      version: 1,
      personId: "per_1",
      name: "Ada",
      issuer: "invitation",
      subject: "",
      createdAtMs: 0,
      grants,
      ...(disabledAtMs === undefined ? {} : { disabledAtMs }),
      ...(disabledIn === undefined ? {} : { disabledIn }),
    };
  });
const token = fc
  .record({ grants: tokenGrantList, expiresAtMs: fc.integer({ min: 1, max: 200 }), revoked: fc.boolean() })
  .map(({ grants, expiresAtMs, revoked }): TokenState => {
    return {
      v: 1,
      version: 1,
      tokenId: "tok_1",
      tenantId: "ten_a",
      name: "script",
      secretHash: "",
      createdBy: "per_1",
      createdAtMs: 0,
      grants,
      expiresAtMs,
      ...(revoked ? { revokedAtMs: 1 } : {}),
    };
  });

/** What grants mean: for every tenant that there can be, also one that nobody names, how high. */
function rank(grants: readonly RoleGrant[], tenant: string): number {
  const role =
    tenant === "*"
      ? roleIn(
          grants.filter((one) => one.tenant === "*"),
          "*",
        )
      : roleIn(grants, tenant);
  return role === undefined ? -1 : roles.indexOf(role);
}
const everyTenant = [...tenants, "ten_nobody_names", "*"];

test("a token may nowhere do more than its maker may now, nor more than it was made for, and never approves", () => {
  fc.assert(
    fc.property(token, person, fc.integer({ min: 0, max: 300 }), (made, maker, nowMs) => {
      const now = tokenGrantsOf(made, maker, nowMs);
      for (const tenant of everyTenant) {
        expect(rank(now, tenant)).toBeLessThanOrEqual(rank(grantsOf(maker), tenant));
        expect(rank(now, tenant)).toBeLessThanOrEqual(rank(made.grants, tenant));
      }
      expect(now.map(({ role }) => role)).not.toContain("approver");
      if (made.revokedAtMs !== undefined || made.expiresAtMs <= nowMs) expect(now).toEqual([]);
      if (maker.disabledAtMs !== undefined) expect(now).toEqual([]);
    }),
  );
});

test("nor less: what both may, it may, but for the role that only people have", () => {
  fc.assert(
    fc.property(token, person, (made, maker) => {
      const now = tokenGrantsOf({ ...made, expiresAtMs: 1_000 }, maker, 0);
      if (made.revokedAtMs !== undefined) return;
      for (const tenant of everyTenant) {
        const both = Math.min(rank(made.grants, tenant), rank(grantsOf(maker), tenant));
        const wanted = roles[both] === "approver" ? "operator" : roles[both];
        expect(roles[rank(now, tenant)]).toBe(wanted);
      }
    }),
  );
});

test("a session that is good for one tenant gives nothing anywhere else, whatever its person may", () => {
  fc.assert(
    fc.property(person, fc.constantFrom(...tenants), (who, tenantId) => {
      const left = limitedTo(grantsOf(who), tenantId);
      for (const tenant of everyTenant.filter((one) => one !== tenantId)) expect(rank(left, tenant)).toBe(-1);
    }),
  );
});

test("what somebody can give is what somebody has", () => {
  fc.assert(
    fc.property(grantList, grantList, (has, wanted) => {
      const all = wanted.every(({ tenant, role }) => rank(has, tenant) >= roles.indexOf(role));
      expect(covers(has, wanted)).toBe(all);
    }),
  );
});

test("an admin of a tenant changes what is of that tenant, and leaves what it does not see", () => {
  fc.assert(
    fc.property(grantList, fc.constantFrom(...tenants), fc.constantFrom(...roles), (before, tenantId, role) => {
      const viewer = { tenantId, isStaff: false };
      const after = withVisibleGrants(before, [{ tenant: tenantId, role }], viewer);
      const elsewhere = (grants: readonly RoleGrant[]) => grants.filter((one) => one.tenant !== tenantId);
      expect(elsewhere(after)).toEqual(elsewhere(before));
      expect(visibleGrants(after, viewer)).toEqual([{ tenant: tenantId, role }]);
      const raised = raisedGrants(visibleGrants(before, viewer), [{ tenant: tenantId, role }]);
      const earlier = before.find((one) => one.tenant === tenantId)?.role;
      expect(raised).toHaveLength(earlier !== undefined && hasRole(earlier, role) ? 0 : 1);
    }),
  );
});

test("whoever was disabled in one tenant signs in for the others, and without others not at all", () => {
  const base = { v: 1 as const, version: 1, personId: "p", name: "n", issuer: "", subject: "", createdAtMs: 0 };
  const [a, b] = [
    { tenant: "ten_a", role: "admin" as const },
    { tenant: "ten_b", role: "viewer" as const },
  ];
  expect(maySignIn({ ...base, grants: [a, b], disabledIn: ["ten_a"] })).toBe(true);
  expect(grantsOf({ ...base, grants: [a, b], disabledIn: ["ten_a"] })).toEqual([b]);
  expect(maySignIn({ ...base, grants: [a], disabledIn: ["ten_a"] })).toBe(false);
  expect(maySignIn({ ...base, grants: [a], disabledAtMs: 1 })).toBe(false);
  expect(maySignIn({ ...base, grants: [] })).toBe(true);
});
