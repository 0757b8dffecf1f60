import { createPerson, getPerson, listPeople } from "@steward/aws/records/person";
import { createTenant, getTenant, listTenants } from "@steward/aws/records/tenant";
import { commit, type Write } from "@steward/aws/table";
import { hasCode } from "@steward/contracts/errors";
import { derivedId, providerTenantId } from "@steward/contracts/ids";
import type { PersonState, TenantState } from "@steward/core/tenant/tenant-state";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";
import { newLink } from "./one-time-link.ts";

type Deps = Pick<Context, "table" | "nowMs" | "secret">;

export interface TenantSeed {
  name: string;
  /** Absent: a customer with an id of its own. */
  provider?: boolean;
  heartbeatIntervalSeconds: number;
  admin: string;
}

export interface SeededTenant {
  tenantId: string;
  name: string;
  personId: string;
  /** Signs in once, within the hour. */
  bootstrapToken: string;
  /** What was not there before. */
  made: ("tenant" | "admin")[];
}

const bootstrapLinkSeconds = 3600;
/** Says of a person that the set-up made it: `subject` tells for which tenant. */
const issuer = "bootstrap";

/**
 * Makes sure that these tenants and their admins exist, and gives each admin a fresh one-time sign-in token. What
 * exists stays as it is. Whoever lost the answer asks again, also at once: lists trail the table by a moment, so
 * every tenant and every admin has an id that a second attempt meets.
 */
export async function seedTenants(deps: Deps, seeds: readonly TenantSeed[]): Promise<SeededTenant[]> {
  const existing = await listTenants(deps.table);
  const seeded: SeededTenant[] = [];
  for (const seed of seeds) {
    const known = existing.find((one) => one.name === seed.name && isProvider(one) === (seed.provider === true));
    const made: SeededTenant["made"] = [];
    const tenantId = known?.tenantId ?? (await tenantIdOf(deps, seed));
    const tenant = known ?? (await getTenant(deps.table, tenantId));
    if (tenant === undefined && (await makeTenant(deps, seed, tenantId))) made.push("tenant");
    // By subject: the provider's staff are on this list as well, and a customer's admin may be called like one of them.
    const subject = subjectOf(seed, tenantId);
    const people = await listPeople(deps.table, tenantId);
    const admin = people.find((person) => person.issuer === issuer && person.subject === subject);
    const personId = admin?.personId ?? adminIdOf(seed, tenantId);
    if (admin === undefined && (await makeAdmin(deps, seed, tenantId))) made.push("admin");
    seeded.push({
      tenantId,
      name: seed.name,
      personId,
      bootstrapToken: await openLink(deps, tenantId, personId),
      made,
    });
  }
  return seeded;
}

async function openLink(deps: Deps, tenantId: string, personId: string): Promise<string> {
  // As it is now: a link from before the person was signed out everywhere would be dead.
  const person = await getPerson(deps.table, personId);
  const link = newLink(deps, person ?? { personId }, { seconds: bootstrapLinkSeconds });
  await commit(deps.table, [
    link.write,
    audited(deps.nowMs(), { tenantId, who: "steward:bootstrap", what: "make-link", record: personId }),
  ]);
  return link.token;
}

/** The first that no tenant had who was removed: whoever comes under its name is somebody else. */
async function tenantIdOf(deps: Deps, seed: TenantSeed): Promise<string> {
  if (seed.provider === true) return providerTenantId;
  for (let count = 1; ; count += 1) {
    const id = derivedId("tenant", 0, `bootstrap ${seed.name}${count === 1 ? "" : ` ${count}`}`);
    if ((await getTenant(deps.table, id))?.status !== "purged") return id;
  }
}

/** What a customer is called never makes it the provider. */
function isProvider({ tenantId }: TenantState): boolean {
  return tenantId === providerTenantId;
}

function subjectOf(seed: TenantSeed, tenantId: string): string {
  return `${tenantId}:${seed.admin}`;
}

function adminIdOf(seed: TenantSeed, tenantId: string): string {
  return derivedId("person", 0, `bootstrap ${subjectOf(seed, tenantId)}`);
}

async function makeTenant(deps: Deps, seed: TenantSeed, tenantId: string): Promise<boolean> {
  const nowMs = deps.nowMs();
  const tenant: TenantState = {
    v: 1,
    version: 1,
    tenantId,
    name: seed.name,
    createdAtMs: nowMs,
    heartbeatIntervalSeconds: seed.heartbeatIntervalSeconds,
    status: "active",
  };
  return createUnlessThere(
    deps,
    [
      createTenant(tenant),
      audited(nowMs, { tenantId, who: "steward:bootstrap", what: "create-tenant", record: tenantId, after: tenant }),
    ],
    () => getTenant(deps.table, tenantId),
  );
}

async function makeAdmin(deps: Deps, seed: TenantSeed, tenantId: string): Promise<boolean> {
  const nowMs = deps.nowMs();
  const personId = adminIdOf(seed, tenantId);
  const person: PersonState = {
    v: 1,
    version: 1,
    personId,
    name: seed.admin,
    issuer,
    subject: subjectOf(seed, tenantId),
    grants: [{ tenant: seed.provider === true ? "*" : tenantId, role: "admin" }],
    createdAtMs: nowMs,
  };
  return createUnlessThere(
    deps,
    [
      createPerson(person),
      audited(nowMs, { tenantId, who: "steward:bootstrap", what: "create-person", record: personId, after: person }),
    ],
    () => getPerson(deps.table, personId),
  );
}

/** Of two who make the same record, the second finds the first's: false. */
async function createUnlessThere(
  deps: Deps,
  writes: readonly Write[],
  find: () => Promise<object | undefined>,
): Promise<boolean> {
  try {
    await commit(deps.table, writes);
    return true;
  } catch (error) {
    if (!hasCode(error, "conflict") || (await find()) === undefined) throw error;
    return false;
  }
}
