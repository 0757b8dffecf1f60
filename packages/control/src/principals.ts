import { getAdmins, leaveAdmins } from "@steward/aws/records/admins";
import { gateChanged } from "@steward/aws/records/gate-epoch";
import { createPerson, getPerson, listPeople, replacePerson } from "@steward/aws/records/person";
import { getTenant } from "@steward/aws/records/tenant";
import { commit, type Write } from "@steward/aws/table";
import { actForSystem } from "@steward/aws/tenant-fence";
import { defaults } from "@steward/contracts/defaults";
import { AppError } from "@steward/contracts/errors";
import { newId, providerTenantId } from "@steward/contracts/ids";
import type { changePrincipalSchema, invitePrincipalSchema, PersonView } from "@steward/contracts/principals";
import { type RoleGrant, roleIn } from "@steward/contracts/roles";
import { withAccess } from "@steward/core/principal/access";
import {
  covers,
  grantsOf,
  isStaffAdmin,
  raisedGrants,
  type Viewer,
  visibleGrants,
  withVisibleGrants,
} from "@steward/core/principal/grants";
import type { PersonState } from "@steward/core/tenant/tenant-state";
import type { z } from "zod";
import { audited } from "./audit.ts";
import type { Caller, Context } from "./context.ts";
import { newLink } from "./one-time-link.ts";
import { pageById } from "./page-by-id.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";

type Deps = Pick<Context, "table" | "nowMs" | "secret">;

/**
 * The people of the caller's tenant. Whoever has no grant there is absent, also for the provider's staff, who see their
 * own people in their own tenant.
 */
export async function listPrincipals(
  deps: Pick<Context, "table">,
  caller: Caller,
  query: { limit: number; after?: string | undefined },
): Promise<{ items: PersonView[]; after?: string }> {
  const viewer = viewerOf(caller);
  const people = (await listPeople(deps.table, caller.tenantId)).filter((person) => belongs(person, viewer));
  const page = pageById(people, (person) => person.personId, query);
  return { ...page, items: page.items.map((person) => personView(person, viewer)) };
}

/** A new person, with a link that is shown once; it is limited as every link is (`createLink`). */
export async function invitePrincipal(
  deps: Deps,
  caller: Caller,
  body: z.infer<typeof invitePrincipalSchema>,
): Promise<{ person: PersonView; link: { token: string; expiresAt: string } }> {
  await requireGivable(deps, caller, [], body.grants);
  const nowMs = deps.nowMs();
  const invited: PersonState = {
    v: 1,
    version: 1,
    personId: newId("person", nowMs),
    name: body.name,
    issuer: "invitation",
    subject: "",
    grants: body.grants,
    createdAtMs: nowMs,
    invitedAtMs: nowMs,
    linkNumber: 1,
    ...(body.email === undefined ? {} : { email: body.email }),
  };
  const person = accessChanged(deps, caller, undefined, invited);
  const link = newLink(deps, person, { seconds: defaults.invitationSeconds, linkNumber: 1, ...limitOf(caller) });
  await store(deps, caller, "invite-person", { after: person, writes: [createPerson(person), link.write] });
  return { person: personView(person, viewerOf(caller)), link: linkView(link) };
}

/**
 * Roles, and whether the person is let in: of the caller's tenant, or everywhere for the provider's staff. In force
 * within 5 s. A tenant never loses its last admin by one of its own.
 */
export async function changePrincipal(
  deps: Deps,
  caller: Caller,
  params: { personId: string },
  body: z.infer<typeof changePrincipalSchema>,
): Promise<PersonView> {
  return retryOnConflict(async () => {
    const viewer = viewerOf(caller);
    const person = await loadPerson(deps, caller, params.personId);
    let next: PersonState = { ...person, version: person.version + 1 };
    if (body.grants !== undefined) {
      await requireGivable(deps, caller, visibleGrants(person.grants, viewer), body.grants);
      next.grants = withVisibleGrants(person.grants, body.grants, viewer);
    }
    if (body.disabled !== undefined) setDisabled(next, body.disabled, viewer, deps.nowMs());
    if (isSame(person, next)) return personView(person, viewer);
    next = accessChanged(deps, caller, person, next);
    const guards = await adminGuards(deps, viewer, person, next);
    const writes = [replacePerson(person, next), ...guards];
    await store(deps, caller, "change-person", { before: person, after: next, writes });
    return personView(next, viewer);
  });
}

/**
 * A new one-time link; what an admin made before is void. It signs in with no more than the caller has: one that a
 * tenant's admin makes is good for that tenant alone.
 */
export async function createLink(
  deps: Deps,
  caller: Caller,
  params: { personId: string },
): Promise<{ token: string; expiresAt: string }> {
  return retryOnConflict(async () => {
    const person = await loadPerson(deps, caller, params.personId);
    if (grantsOf(person).length === 0) {
      throw new AppError("unprocessable", `${person.name} is disabled`, { next: "Enable the person first." });
    }
    const linkNumber = (person.linkNumber ?? 0) + 1;
    const next = accessChanged(deps, caller, person, { ...person, version: person.version + 1, linkNumber });
    const link = newLink(deps, person, { seconds: defaults.invitationSeconds, linkNumber, ...limitOf(caller) });
    const writes = [replacePerson(person, next), link.write];
    await store(deps, caller, "make-link", { before: person, after: next, writes });
    return linkView(link);
  });
}

/** Every session and link of the person ends: refresh tokens at once, access tokens within 5 s. */
export async function endSessions(deps: Deps, caller: Caller, params: { personId: string }): Promise<void> {
  await retryOnConflict(async () => {
    const person = await loadPerson(deps, caller, params.personId);
    const next: PersonState = { ...person, version: person.version + 1, epoch: (person.epoch ?? 0) + 1 };
    const writes = [replacePerson(person, next)];
    await store(deps, caller, "end-sessions", { before: person, after: next, writes });
  });
}

export function viewerOf(caller: Caller): Viewer {
  return { tenantId: caller.tenantId, isStaff: isStaffAdmin(caller.principal.grants) };
}

/** Noted on the person: the two are not each other's second person for a day. */
function accessChanged(deps: Deps, caller: Caller, before: PersonState | undefined, after: PersonState): PersonState {
  const everywhere = [...(before?.grants ?? []), ...after.grants].map(({ tenant }) => tenant);
  const tenants = viewerOf(caller).isStaff ? [...new Set(everywhere)] : [caller.tenantId];
  return withAccess(before, after, { by: caller.principal.id, tenants, nowMs: deps.nowMs() });
}

/**
 * For which tenant a link of the caller's is good; for all only where the provider's staff make it. Also where the person
 * has no other role: whoever keeps the link, or the session or account that it opened, would have what the person is
 * given elsewhere later.
 */
function limitOf(caller: Caller): { limitTo?: string } {
  return viewerOf(caller).isStaff ? {} : { limitTo: caller.tenantId };
}

/** Throws unless every one of `wanted` that is new or higher than in `before` is the caller's to give, in a tenant that is there. */
export async function requireGivable(
  deps: Pick<Context, "table">,
  caller: Caller,
  before: readonly RoleGrant[],
  wanted: readonly RoleGrant[],
): Promise<void> {
  const viewer = viewerOf(caller);
  const raised = raisedGrants(before, wanted);
  const foreign = raised.find((grant) => !viewer.isStaff && grant.tenant !== caller.tenantId);
  const tooHigh = raised.find((grant) => !covers(caller.principal.grants, [grant]));
  const refused = foreign ?? tooHigh;
  if (refused === undefined) return requireTenants(deps, caller, raised, wanted);
  throw new AppError("forbidden", "nobody gives more than he has himself, nor in another tenant", {
    fields: [
      { path: `grants.${wanted.indexOf(refused)}`, message: `${refused.role} of ${refused.tenant} is not yours` },
    ],
    next: refused.tenant === "*" ? "Only the provider's staff give a role on *." : "Ask somebody who has that role.",
  });
}

/** A role where nobody is, or is no more, would be nobody's to take away again, and nothing would remove it. */
async function requireTenants(
  deps: Pick<Context, "table">,
  caller: Caller,
  raised: readonly RoleGrant[],
  wanted: readonly RoleGrant[],
): Promise<void> {
  // The caller's own has been looked at, and is the only one for whoever is not of the staff.
  const others = raised.filter(({ tenant }) => tenant !== "*" && tenant !== caller.tenantId);
  const found = await actForSystem("whether a tenant is there", () =>
    Promise.all(others.map(({ tenant }) => getTenant(deps.table, tenant))),
  );
  const absent = others.find((_, at) => ["purging", "purged", undefined].includes(found[at]?.status));
  if (absent === undefined) return;
  throw new AppError("unprocessable", `there is no tenant ${absent.tenant}`, {
    fields: [{ path: `grants.${wanted.indexOf(absent)}.tenant`, message: "there is no such tenant" }],
    next: "GET /api/v1/tenants lists those that there are.",
  });
}

/** By the provider's staff: everywhere. By a tenant's admin: there, and nobody else notices. */
function setDisabled(next: PersonState, disabled: boolean, { tenantId, isStaff }: Viewer, nowMs: number): void {
  const { disabledIn = [] } = next;
  if (isStaff) {
    if (disabled) next.disabledAtMs ??= nowMs;
    else delete next.disabledAtMs;
  } else if (!disabled && next.disabledAtMs !== undefined) {
    throw new AppError("forbidden", "the provider has disabled this person", { next: "Ask your provider." });
  }
  // Staff that enables somebody in a tenant means there, too.
  const others = disabledIn.filter((tenant) => tenant !== tenantId);
  const here = disabled && !isStaff ? [...others, tenantId] : !disabled ? others : disabledIn;
  if (here.length === 0) delete next.disabledIn;
  else next.disabledIn = here;
}

/**
 * Where the person stops being an admin of the tenant, somebody else must be one; the provider's staff may leave a tenant
 * without. The others are read as they are now, not from the list, which trails.
 */
async function adminGuards(
  deps: Pick<Context, "table">,
  viewer: Viewer,
  before: PersonState,
  after: PersonState,
): Promise<Write[]> {
  const { tenantId } = viewer;
  if (!isAdminOf(before, tenantId) || isAdminOf(after, tenantId)) return [];
  // Before the others are read: whoever leaves after that is in the way.
  const guard = await getAdmins(deps.table, tenantId);
  if (!viewer.isStaff) {
    const listed = await listPeople(deps.table, tenantId);
    const others = listed.filter((person) => person.personId !== after.personId && isAdminOf(person, tenantId));
    const now = await Promise.all(others.map((person) => getPerson(deps.table, person.personId)));
    if (!now.some((person) => person !== undefined && isAdminOf(person, tenantId))) {
      throw new AppError("unprocessable", "this is the last admin of the tenant", {
        next: "Make somebody else an admin first.",
      });
    }
  }
  return [leaveAdmins(tenantId, guard)];
}

/** With a grant of its own there: the provider's staff are no tenant's admins. */
function isAdminOf(person: PersonState, tenantId: string): boolean {
  const own = grantsOf(person).filter((grant) => grant.tenant === tenantId);
  return roleIn(own, tenantId) === "admin";
}

/** Somebody without a grant in the tenant is not there. */
async function loadPerson(deps: Pick<Context, "table">, caller: Caller, personId: string): Promise<PersonState> {
  const person = await getPerson(deps.table, personId);
  if (person === undefined || !belongs(person, viewerOf(caller))) {
    throw new AppError("not_found", `there is no person ${personId}`);
  }
  return person;
}

function belongs({ grants }: PersonState, { tenantId, isStaff }: Viewer): boolean {
  return grants.some(
    (grant) => grant.tenant === tenantId || (isStaff && tenantId === providerTenantId && grant.tenant === "*"),
  );
}

function personView(person: PersonState, viewer: Viewer): PersonView {
  const disabled = person.disabledAtMs !== undefined || (person.disabledIn ?? []).includes(viewer.tenantId);
  const invited = person.invitedAtMs !== undefined && person.acceptedAtMs === undefined;
  return {
    id: person.personId,
    name: person.name,
    status: disabled ? "disabled" : invited ? "invited" : "active",
    grants: visibleGrants(person.grants, viewer),
    createdAt: new Date(person.createdAtMs).toISOString(),
    ...(person.email === undefined ? {} : { email: person.email }),
  };
}

function linkView({ token, expiresAtMs }: { token: string; expiresAtMs: number }) {
  return { token, expiresAt: new Date(expiresAtMs).toISOString() };
}

/** The change, and its entry in the trail of the caller's tenant and of every other one where it changes who may do what. */
async function store(
  deps: Pick<Context, "table" | "nowMs">,
  caller: Caller,
  what: string,
  { before, after, writes }: { before?: PersonState; after: PersonState; writes: Write[] },
): Promise<void> {
  const nowMs = deps.nowMs();
  const changed = changedTenants(before, after).filter((tenantId) => tenantId !== caller.tenantId);
  const trails = [caller.tenantId, ...changed].map((tenantId) =>
    audited(nowMs, {
      tenantId,
      who: caller.principal.id,
      what,
      record: after.personId,
      ...(before === undefined ? {} : { before }),
      after,
      requestId: caller.requestId,
    }),
  );
  const marks = gateMarks(before, after);
  const commitAll = () => commit(deps.table, [...writes, ...trails, ...marks.flatMap(gateChanged)]);
  // Only the provider's staff change anything elsewhere, and their entry there is another tenant's.
  const alone = changed.length === 0 && marks.every((tenantId) => tenantId === caller.tenantId);
  await (alone ? commitAll() : actForSystem("the trails of several tenants", commitAll));
}

/** Few enough for one transaction; beyond it, all tenants are told. */
const maxMarks = 4;

/** Whose starts have to ask again: a plan that somebody asked for or approved may not be theirs to ask for any more. */
function gateMarks(before: PersonState | undefined, after: PersonState): (string | undefined)[] {
  // Who is new has asked for nothing.
  if (before === undefined) return [];
  const [had, has] = [grantsOf(before), grantsOf(after)];
  const everywhere = roleIn(had, "*") !== roleIn(has, "*");
  const changed = changedTenants(before, after);
  return everywhere || changed.length > maxMarks ? [undefined] : changed;
}

/** Where somebody may do something else than before; of a role on `*` the provider's trail tells. */
function changedTenants(before: PersonState | undefined, after: PersonState): string[] {
  const [had, has] = [grantsOf(before), grantsOf(after)];
  const roleOf = (grants: readonly RoleGrant[], tenant: string) => grants.find((one) => one.tenant === tenant)?.role;
  const all = new Set([...had, ...has].map(({ tenant }) => tenant));
  const changed = [...all].filter((tenant) => roleOf(had, tenant) !== roleOf(has, tenant));
  return [...new Set(changed.map((tenant) => (tenant === "*" ? providerTenantId : tenant)))];
}

function isSame(before: PersonState, after: PersonState): boolean {
  return JSON.stringify({ ...before, version: 0 }) === JSON.stringify({ ...after, version: 0 });
}
