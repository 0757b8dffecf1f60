import { createPerson, getPerson, listPeople } from "@steward/aws/records/person";
import { createSession } from "@steward/aws/records/session";
import { createTenant, getTenant, listTenants } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { sha256Hex } from "@steward/contracts/canonical";
import { hasCode } from "@steward/contracts/errors";
import { derivedId, newId, providerTenantId } from "@steward/contracts/ids";
import type { PersonState, TenantState } from "@steward/core/tenant/tenant-state";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";

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

/**
 * Makes sure that these tenants and their admins exist, and gives each admin a fresh one-time sign-in token. What
 * exists by name stays as it is. Whoever lost the answer asks again, also at once: lists trail the table by a moment, so
 * the provider's tenant and every admin have ids that a second attempt meets.
 */
export async function seedTenants(deps: Deps, seeds: readonly TenantSeed[]): Promise<SeededTenant[]> {
  const existing = await listTenants(deps.table);
  const seeded: SeededTenant[] = [];
  for (const seed of seeds) {
    const tenant =
      existing.find(({ name }) => name === seed.name) ??
      (seed.provider === true ? await getTenant(deps.table, providerTenantId) : undefined);
    const tenantId = tenant?.tenantId ?? (await makeTenant(deps, seed));
    const known = (await listPeople(deps.table, tenantId)).find(({ name }) => name === seed.admin);
    const { personId, made } =
      known === undefined ? await makeAdmin(deps, seed, tenantId) : { personId: known.personId, made: false };
    seeded.push({
      tenantId,
      name: seed.name,
      personId,
      bootstrapToken: await openLink(deps, personId),
      made: [...(tenant === undefined ? (["tenant"] as const) : []), ...(made ? (["admin"] as const) : [])],
    });
  }
  return seeded;
}

async function openLink(deps: Deps, personId: string): Promise<string> {
  const nowMs = deps.nowMs();
  const bootstrapToken = deps.secret();
  await commit(deps.table, [
    createSession({
      v: 1,
      version: 1,
      tokenHash: sha256Hex(bootstrapToken),
      kind: "bootstrap",
      sessionId: newId("session", nowMs),
      personId,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + bootstrapLinkSeconds * 1000,
    }),
  ]);
  return bootstrapToken;
}

async function makeTenant(deps: Deps, seed: TenantSeed): Promise<string> {
  const nowMs = deps.nowMs();
  const tenantId = seed.provider === true ? providerTenantId : newId("tenant", nowMs);
  const tenant: TenantState = {
    v: 1,
    version: 1,
    tenantId,
    name: seed.name,
    createdAtMs: nowMs,
    heartbeatIntervalSeconds: seed.heartbeatIntervalSeconds,
  };
  await commit(deps.table, [
    createTenant(tenant),
    audited(nowMs, { tenantId, who: "steward:bootstrap", what: "create-tenant", record: tenantId, after: tenant }),
  ]);
  return tenantId;
}

/** The id comes of the tenant and the name: of two who make the same admin, the second finds the first's. */
async function makeAdmin(deps: Deps, seed: TenantSeed, tenantId: string): Promise<{ personId: string; made: boolean }> {
  const nowMs = deps.nowMs();
  const subject = `${tenantId}:${seed.admin}`;
  const person: PersonState = {
    v: 1,
    version: 1,
    personId: derivedId("person", 0, `bootstrap ${subject}`),
    name: seed.admin,
    issuer: "bootstrap",
    subject,
    grants: [{ tenant: seed.provider === true ? "*" : tenantId, role: "admin" }],
    createdAtMs: nowMs,
  };
  const { personId } = person;
  try {
    await commit(deps.table, [
      createPerson(person),
      audited(nowMs, { tenantId, who: "steward:bootstrap", what: "create-person", record: personId, after: person }),
    ]);
    return { personId, made: true };
  } catch (error) {
    if (!hasCode(error, "conflict") || (await getPerson(deps.table, personId)) === undefined) throw error;
    return { personId, made: false };
  }
}
