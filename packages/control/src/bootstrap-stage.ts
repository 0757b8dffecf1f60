import type { Objects } from "@steward/aws/objects";
import { createPerson, listPeople } from "@steward/aws/records/person";
import { createSession } from "@steward/aws/records/session";
import { createTenant, listTenants } from "@steward/aws/records/tenant";
import { type Signer, signDocument } from "@steward/aws/signing";
import { commit } from "@steward/aws/table";
import { canonicalHash, sha256Hex } from "@steward/contracts/canonical";
import { newId, providerTenantId } from "@steward/contracts/ids";
import { resourceNames, type SigningKeyUse, signingKeyUses } from "@steward/contracts/names";
import type { Release, ReleaseAction } from "@steward/contracts/release";
import type { SignedDocument } from "@steward/contracts/signed";
import type { PersonState, TenantState } from "@steward/core/tenant/tenant-state";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";
import { bundleKey } from "./get-bundle.ts";
import { issueCaCertificate } from "./issue-certificate.ts";
import { readRelease } from "./read-release.ts";

type Deps = Pick<Context, "stage" | "table" | "nowMs" | "secret"> & {
  signers: Record<SigningKeyUse, Signer>;
  parameters: TextStore;
  objects: Objects;
  bundleBucket: string;
  secrets: TextStore;
};

/** Parameters or secrets by name. */
interface TextStore {
  get(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
}

const releaseDays = 365;
const caDays = 3650;
const bootstrapLinkSeconds = 3600;

/** The public halves of the stage's keys: what the offline root signs into the trust document. */
export async function readPublicKeys(
  deps: Pick<Deps, "signers">,
): Promise<Record<SigningKeyUse, { keyId: string; publicKey: string }>> {
  const entries = await Promise.all(
    signingKeyUses.map(async (use) => {
      const signer = deps.signers[use];
      const publicKey = Buffer.from(await signer.publicKey()).toString("base64");
      return [use, { keyId: await signer.keyId(), publicKey }] as const;
    }),
  );
  return Object.fromEntries(entries) as Record<SigningKeyUse, { keyId: string; publicKey: string }>;
}

/**
 * Publishes what a stage needs before its first request: the CA's certificate, the trust document, bundles, a signed
 * release (a new version only when its content changed) and the cursor key. May be run again at any time.
 */
export async function publishStage(
  deps: Deps,
  input: {
    trust: SignedDocument;
    rootPublicKey: string;
    actions: ReleaseAction[];
    bundles: { digest: string; bytes: Uint8Array }[];
  },
): Promise<{ caCertificate: string; releaseVersion: number }> {
  const names = resourceNames(deps.stage);
  const nowMs = deps.nowMs();
  let caCertificate = await deps.parameters.get(names.parameter("ca-certificate"));
  if (caCertificate === undefined) {
    caCertificate = await issueCaCertificate(deps.signers.issuer, {
      name: `Steward ${deps.stage} nodes`,
      nowMs,
      days: caDays,
    });
    await deps.parameters.put(names.parameter("ca-certificate"), caCertificate);
  }
  if ((await deps.secrets.get(names.tokenSecret)) === undefined)
    await deps.secrets.put(names.tokenSecret, deps.secret());
  await deps.parameters.put(names.parameter("root-public-key"), input.rootPublicKey);
  await deps.parameters.put(names.parameter("trust-document"), JSON.stringify(input.trust));
  await Promise.all(
    input.bundles.map((bundle) => deps.objects.put(deps.bundleBucket, bundleKey(bundle.digest), bundle.bytes)),
  );
  const releaseVersion = await publishRelease(deps, input.actions, nowMs);
  return { caCertificate, releaseVersion };
}

/** A release is an object of its own, never overwritten; the parameter names the one in force. */
async function publishRelease(deps: Deps, actions: ReleaseAction[], nowMs: number): Promise<number> {
  const names = resourceNames(deps.stage);
  const parameter = names.parameter("release");
  const key = await deps.parameters.get(parameter);
  const stored = key === undefined ? undefined : await deps.objects.get(deps.bundleBucket, key);
  const current = stored === undefined ? undefined : readRelease(Buffer.from(stored).toString("utf8")).release;
  const halfLifeMs = (releaseDays / 2) * 86_400_000;
  if (
    current !== undefined &&
    canonicalHash(current.actions) === canonicalHash(actions) &&
    current.expiresAtMs > nowMs + halfLifeMs
  ) {
    return current.version;
  }
  const release: Release = {
    v: 1,
    version: (current?.version ?? 0) + 1,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + releaseDays * 86_400_000,
    actions,
    agents: current?.agents ?? {},
  };
  const text = JSON.stringify(await signDocument(deps.signers.release, "steward-release-v1", release));
  const next = `releases/${release.version}-${sha256Hex(text).slice(0, 16)}.json`;
  await deps.objects.put(deps.bundleBucket, next, text);
  await deps.parameters.put(parameter, next);
  return release.version;
}

export interface TenantSeed {
  name: string;
  /** Absent: a customer with an id of its own. */
  provider?: boolean;
  heartbeatIntervalSeconds: number;
  admin: string;
}

/**
 * Makes sure that these tenants and their admins exist, and gives each admin a fresh one-time sign-in token. What
 * exists by name stays as it is.
 */
export async function seedTenants(
  deps: Pick<Deps, "table" | "nowMs" | "secret">,
  seeds: readonly TenantSeed[],
): Promise<{ tenantId: string; name: string; personId: string; bootstrapToken: string }[]> {
  const existing = await listTenants(deps.table);
  const seeded = [];
  for (const seed of seeds) {
    const nowMs = deps.nowMs();
    const known = existing.find((tenant) => tenant.name === seed.name);
    const tenantId = known?.tenantId ?? (seed.provider === true ? providerTenantId : newId("tenant", nowMs));
    if (known === undefined) await createTenantRecord(deps, seed, tenantId);
    const admin = (await listPeople(deps.table, tenantId)).find((person) => person.name === seed.admin);
    const person = admin ?? (await createAdmin(deps, seed, tenantId));
    const bootstrapToken = deps.secret();
    await commit(deps.table, [
      createSession({
        v: 1,
        version: 1,
        tokenHash: sha256Hex(bootstrapToken),
        kind: "bootstrap",
        sessionId: newId("session", nowMs),
        personId: person.personId,
        createdAtMs: nowMs,
        expiresAtMs: nowMs + bootstrapLinkSeconds * 1000,
      }),
    ]);
    seeded.push({ tenantId, name: seed.name, personId: person.personId, bootstrapToken });
  }
  return seeded;
}

async function createTenantRecord(deps: Pick<Deps, "table" | "nowMs" | "secret">, seed: TenantSeed, tenantId: string) {
  const nowMs = deps.nowMs();
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
}

async function createAdmin(
  deps: Pick<Deps, "table" | "nowMs">,
  seed: TenantSeed,
  tenantId: string,
): Promise<PersonState> {
  const nowMs = deps.nowMs();
  const person: PersonState = {
    v: 1,
    version: 1,
    personId: newId("person", nowMs),
    name: seed.admin,
    issuer: "bootstrap",
    subject: `${tenantId}:${seed.admin}`,
    grants: [{ tenant: seed.provider === true ? "*" : tenantId, role: "admin" }],
    createdAtMs: nowMs,
  };
  await commit(deps.table, [
    createPerson(person),
    audited(nowMs, {
      tenantId,
      who: "steward:bootstrap",
      what: "create-person",
      record: person.personId,
      after: person,
    }),
  ]);
  return person;
}
