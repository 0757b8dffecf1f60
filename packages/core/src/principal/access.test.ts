import type { Role } from "@steward/contracts/roles";
import { describe, expect, it } from "vitest";
import type { PersonState } from "../tenant/tenant-state.ts";
import { secondPersons, withAccess } from "./access.ts";

const hour = 3_600_000;
const nowMs = 1_000 * hour;
const tenantId = "acme";
const person = (personId: string, role?: Role): PersonState => ({
  v: 1,
  version: 1,
  personId,
  name: personId,
  issuer: "bootstrap",
  subject: personId,
  grants: role === undefined ? [] : [{ tenant: tenantId, role }],
  createdAtMs: 0,
});
const change = (before: PersonState | undefined, after: PersonState, by: string, atMs = nowMs) =>
  withAccess(before, after, { by, tenants: [tenantId], nowMs: atMs });
const second = (people: PersonState[], atMs = nowMs) => {
  const { barred, otherApprovers } = secondPersons(people, { tenantId, requesterId: "ada", nowMs: atMs });
  return { barred: barred.map(({ id }) => id), otherApprovers };
};
const ada = person("ada", "admin");

describe("whoever asks", () => {
  it("has nobody for a second person whose access he changed, nor whom those let in, for a day", () => {
    const link = change(person("bob", "approver"), person("bob", "approver"), "ada");
    expect(second([ada, link])).toEqual({ barred: ["bob"], otherApprovers: 1 });
    const eve = change(undefined, person("eve", "admin"), "ada");
    const eves = change(undefined, person("mal", "approver"), "eve");
    expect(second([ada, eves, eve, person("bob", "approver")])).toEqual({ barred: ["eve", "mal"], otherApprovers: 1 });
    expect(second([ada, link], nowMs + 24 * hour)).toEqual({ barred: [], otherApprovers: 1 });
    // What another admin did is between those two.
    const other = change(person("bob", "approver"), person("bob", "approver"), "kim");
    expect(second([ada, other])).toEqual({ barred: [], otherApprovers: 1 });
  });

  it("is not alone because somebody's role was taken away in that day, nor less alone with whom he invited", () => {
    const bob = person("bob", "approver");
    const gone = change(bob, person("bob"), "ada");
    expect(second([ada, gone]).otherApprovers).toBe(1);
    const disabled = change(bob, { ...bob, disabledIn: [tenantId] }, "eve");
    const eve = change(undefined, person("eve", "admin"), "ada");
    expect(second([ada, disabled, eve]).otherApprovers).toBe(1);
    expect(second([ada, gone], nowMs + 24 * hour).otherApprovers).toBe(0);
    expect(second([ada, change(undefined, bob, "ada")]).otherApprovers).toBe(0);
    // Made and unmade by the same one: he was alone before.
    expect(second([ada, change(change(undefined, bob, "ada"), person("bob"), "ada")]).otherApprovers).toBe(0);
    // Twice: what counts is what was before the first time.
    expect(second([ada, change(gone, person("bob", "viewer"), "ada", nowMs + 1)], nowMs + 1).otherApprovers).toBe(1);
  });
});
