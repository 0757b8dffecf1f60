import { defaults } from "@steward/contracts/defaults";
import { hasRole, roleIn } from "@steward/contracts/roles";
import type { AccessChange, PersonState } from "../tenant/tenant-state.ts";
import { grantsOf } from "./grants.ts";

/*
 * Whoever changes what a person may do, or makes a link that signs in as that person, could make a second person of
 * himself: he may not be confirmed by that one for as long as a plan lives.
 */

const windowMs = defaults.planSeconds * 1000;

/** What `after` keeps of who changed the person's access: of each the last time, and whether the person could approve before the first. */
export function withAccess(
  before: PersonState | undefined,
  after: PersonState,
  { by, tenants, nowMs }: { by: string; tenants: readonly string[]; nowMs: number },
): PersonState {
  const recent = (before?.access ?? []).filter(({ atMs }) => atMs > nowMs - windowMs);
  const isOwn = (one: AccessChange) => one.by === by && tenants.includes(one.tenant);
  const fresh = tenants.map((tenant): AccessChange => {
    const earlier = recent.find((one) => one.by === by && one.tenant === tenant);
    return { by, tenant, atMs: nowMs, couldApprove: earlier?.couldApprove ?? mayApprove(before, tenant) };
  });
  return { ...after, access: [...recent.filter((one) => !isOwn(one)), ...fresh] };
}

/** Who may not be the second person of what `requesterId` asks for; and how many others could be, or could before somebody took it from them. */
export function secondPersons(
  people: readonly PersonState[],
  { tenantId, requesterId, nowMs }: { tenantId: string; requesterId: string; nowMs: number },
): { barred: { id: string; untilMs: number }[]; otherApprovers: number } {
  const changesOf = new Map(
    people.map(({ personId, access = [] }) => [
      personId,
      access.filter(({ tenant, atMs }) => (tenant === tenantId || tenant === "*") && atMs > nowMs - windowMs),
    ]),
  );
  // Somebody whom he invited may have invited the next one.
  const until = new Map([[requesterId, Number.POSITIVE_INFINITY]]);
  for (let size = 0; size !== until.size; ) {
    size = until.size;
    for (const [id, changes] of changesOf) {
      const last = Math.max(...changes.filter(({ by }) => until.has(by)).map(({ atMs }) => atMs));
      if (!until.has(id) && Number.isFinite(last)) until.set(id, last + windowMs);
    }
  }
  until.delete(requesterId);
  const otherApprovers = people.filter((person) => {
    if (person.personId === requesterId) return false;
    // Whom he has only just made an approver takes nobody's being alone away, and whom somebody unmade gives it to nobody.
    const could = (changesOf.get(person.personId) ?? []).some(({ couldApprove }) => couldApprove);
    return could || (!until.has(person.personId) && mayApprove(person, tenantId));
  }).length;
  return { barred: [...until].map(([id, untilMs]) => ({ id, untilMs })), otherApprovers };
}

/** By a grant of its own there: the provider's staff (`*`) may too, but a tenant whose only own person asks is still alone. */
function mayApprove(person: PersonState | undefined, tenantId: string): boolean {
  const role = roleIn(
    grantsOf(person).filter(({ tenant }) => tenant === tenantId),
    tenantId,
  );
  return role !== undefined && hasRole(role, "approver");
}
