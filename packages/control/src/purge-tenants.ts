import type { ObjectRemover } from "@steward/aws/object-remover";
import { listNodes } from "@steward/aws/records/node";
import { listPeople, removePerson, replacePerson } from "@steward/aws/records/person";
import { removePresence } from "@steward/aws/records/presence";
import { runSecretOf } from "@steward/aws/records/run-secret";
import { tenantSecretOf } from "@steward/aws/records/tenant-secret";
import type { RunSecrets } from "@steward/aws/run-secrets";
import { resourceNames } from "@steward/contracts/names";
import { belongs, removeItem, scanPage, sharedToken } from "@steward/aws/records/purge";
import { getToken, replaceToken } from "@steward/aws/records/token";
import { getTenant, listEndingTenants, replaceTenant } from "@steward/aws/records/tenant";
import { commit } from "@steward/aws/table";
import { reduceTenant } from "@steward/core/tenant/reduce-tenant";
import type { PersonState, TenantState } from "@steward/core/tenant/tenant-state";
import { audited } from "./audit.ts";
import type { Context } from "./context.ts";

type Deps = Pick<Context, "table" | "nowMs" | "log" | "stage"> & {
  runSecrets: Pick<RunSecrets, "remove">;
  objects: ObjectRemover;
  outputBucket: string;
  fleetBucket: string;
  /** Smaller pages than the table's own, and another time for one call than 40 s: for tests. */
  pageItems?: number;
  budgetMs?: number;
};

const who = "steward:purge";
/** The function has 55 s: what it began it also ends. */
const defaultBudgetMs = 40_000;
const atOnce = 10;

/**
 * Removes tenants whose grace period is over, a bounded part at each call. In this order, so that it may be killed
 * anywhere and go on from there:
 *
 *     1. `purging`: from now on there is no way back, and the tenant is there for nobody
 *     2. its machines are refused; its people have no other role, or lose this one
 *     3. a pass over the whole table, then its outputs. How far it came is kept in the tenant
 *     4. after everything that was under way has ended, passes until one finds nothing
 *     5. its people, and then all of the tenant but its id
 *
 * Everything is found anew and removed without a condition, so that doing it twice is as good as once; only the end is
 * decided, from a pass that is known to have found nothing.
 */
export async function purgeTenants(deps: Deps): Promise<{ removed: number; purged: number; failed: number }> {
  const untilMs = performance.now() + (deps.budgetMs ?? defaultBudgetMs);
  const total = { removed: 0, purged: 0, failed: 0 };
  for (const { tenantId } of await listEndingTenants(deps.table)) {
    if (performance.now() > untilMs) break;
    try {
      const tenant = await begun(deps, tenantId);
      if (tenant === undefined) continue;
      const { removed, purged } = await purge(deps, tenant, untilMs);
      total.removed += removed;
      if (purged) total.purged += 1;
    } catch (error) {
      // One tenant's trouble is not another's; it goes on at the next call from where it came to.
      total.failed += 1;
      deps.log("error", "purge_failed", { tenantId, error: String(error) });
    }
  }
  return total;
}

/** The tenant where it is being removed, from now on or already; undefined where its time has not come. */
async function begun(deps: Deps, tenantId: string): Promise<TenantState | undefined> {
  const tenant = await getTenant(deps.table, tenantId);
  const nowMs = deps.nowMs();
  if (tenant?.status === "purging") return tenant;
  // The list trails: it may have been restored, or be gone.
  if (tenant?.status !== "deleting" || nowMs < (tenant.deleteAfterMs ?? Number.POSITIVE_INFINITY)) return undefined;
  const next = reduceTenant(tenant, { type: "begin_purge" }, nowMs);
  await store(deps, tenant, next, "begin-purge");
  return next;
}

async function purge(deps: Deps, from: TenantState, untilMs: number): Promise<{ removed: number; purged: boolean }> {
  const { tenantId } = from;
  let tenant = from;
  let removed = 0;
  if ((tenant.purge?.pass.startedAtMs ?? 0) > deps.nowMs()) return { removed, purged: false };
  const isFirst = tenant.purge?.pass.startedAtMs === tenant.purge?.startedAtMs;
  if (isFirst && tenant.purge?.pass.after === undefined) removed += await refuseMachines(deps, tenantId);
  const people = await settlePeople(deps, tenantId);
  const names = resourceNames(deps.stage);
  const owner = { tenantId, personIds: new Set(people.map(({ personId }) => personId)) };
  for (;;) {
    const page = await scanPage(deps.table, { after: tenant.purge?.pass.after, limit: deps.pageItems });
    const own = page.items.filter((item) => belongs(item, owner));
    await inParallel(own, async (item) => {
      // A secret's value goes before the record that knows of it.
      const made = runSecretOf(item);
      if (made !== undefined) await deps.runSecrets.remove(names.runSecret(made));
      const given = tenantSecretOf(item);
      if (given !== undefined) await deps.runSecrets.remove(names.tenantSecret(given));
      await removeItem(deps.table, item);
    });
    const shared = page.items.flatMap((item) => (own.includes(item) ? [] : (sharedToken(item, tenantId) ?? [])));
    for (const tokenId of shared) await narrowToken(deps, tenantId, tokenId);
    let found = own.length + shared.length;
    if (page.after === undefined) {
      const objects = await removeObjects(deps, tenantId, untilMs);
      found += objects.removed;
      // The pass is not over; the next call looks at its last page again, which costs nothing.
      if (objects.more) return { removed: removed + found, purged: false };
    }
    removed += found;
    const step = { type: "purge_step", place: page.after, found, removed: found } as const;
    const next = reduceTenant(tenant, step, deps.nowMs());
    const purged = next.status === "purged";
    if (purged) for (const person of people) await removePerson(deps.table, person.personId);
    await store(deps, tenant, next, purged ? "end-purge" : undefined);
    tenant = next;
    if (purged || page.after === undefined || performance.now() > untilMs) return { removed, purged };
  }
}

/** First of all: without a presence no certificate is accepted, for a heartbeat or for anything else. */
async function refuseMachines(deps: Deps, tenantId: string): Promise<number> {
  let removed = 0;
  let after: string | undefined;
  do {
    const page = await listNodes(deps.table, tenantId, { limit: 200, ...(after === undefined ? {} : { after }) });
    await inParallel(page.items, ({ nodeId }) => removePresence(deps.table, nodeId));
    removed += page.items.length;
    after = page.after;
  } while (after !== undefined);
  return removed;
}

/**
 * Takes the tenant's role from whoever has others, and answers with those who have none: they may not sign in any more.
 * They are removed last, because their sessions are known by them.
 */
async function settlePeople(deps: Deps, tenantId: string): Promise<PersonState[]> {
  const only: PersonState[] = [];
  for (const person of await listPeople(deps.table, tenantId)) {
    const others = person.grants.filter((grant) => grant.tenant !== tenantId);
    if (others.length === person.grants.length) continue;
    if (others.length === 0) only.push(person);
    if (others.length === 0 && person.disabledAtMs !== undefined) continue;
    const nowMs = deps.nowMs();
    const next: PersonState = {
      ...person,
      version: person.version + 1,
      ...(others.length === 0 ? { disabledAtMs: nowMs } : { grants: others }),
      ...(person.access === undefined ? {} : { access: person.access.filter(({ tenant }) => tenant !== tenantId) }),
      ...(person.disabledIn === undefined ? {} : { disabledIn: person.disabledIn.filter((id) => id !== tenantId) }),
    };
    const what = others.length === 0 ? "disable-person" : "change-person";
    await commit(deps.table, [
      replacePerson(person, next),
      audited(nowMs, { tenantId, who, what, record: person.personId, before: person, after: next }),
    ]);
  }
  return only;
}

async function narrowToken(deps: Deps, tenantId: string, tokenId: string): Promise<void> {
  const token = await getToken(deps.table, tokenId);
  if (token === undefined) return;
  const grants = token.grants.filter((grant) => grant.tenant !== tenantId);
  const next = { ...token, version: token.version + 1, grants };
  await commit(deps.table, [
    replaceToken(token, next),
    audited(deps.nowMs(), { tenantId, who, what: "change-token", record: tokenId, before: token, after: next }),
  ]);
}

async function removeObjects(
  deps: Deps,
  tenantId: string,
  untilMs: number,
): Promise<{ removed: number; more: boolean }> {
  let removed = 0;
  for (const bucket of [deps.outputBucket, deps.fleetBucket]) {
    for (let more = true; more; ) {
      const answer = await deps.objects.removeBelow(bucket, `${tenantId}/`);
      removed += answer.removed;
      more = answer.more;
      if (more && performance.now() > untilMs) return { removed, more };
    }
  }
  return { removed, more: false };
}

/** How far a pass came is bookkeeping; that it began and that it ended is told in the trail, which stays. */
async function store(deps: Deps, before: TenantState, after: TenantState, what?: string): Promise<void> {
  const { tenantId } = before;
  await commit(deps.table, [
    replaceTenant(before, after),
    ...(what === undefined ? [] : [audited(deps.nowMs(), { tenantId, who, what, record: tenantId, before, after })]),
  ]);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await work(item);
    }),
  );
}
