import { listCertificates } from "@steward/aws/records/certificate";
import { listPeople } from "@steward/aws/records/person";
import { getTenant } from "@steward/aws/records/tenant";
import { exportedFamily, type FamilyPartition, listFamily } from "@steward/aws/records/tenant-family";
import type { Page } from "@steward/aws/table";
import { actFor } from "@steward/aws/tenant-fence";
import { AppError } from "@steward/contracts/errors";
import { hasRole, roleIn } from "@steward/contracts/roles";
import type { ExportedKind, ExportedRecord } from "@steward/contracts/tenant";
import type { JobFailure } from "@steward/core/job/job-state";
import type { Context, Principal } from "./context.ts";

/** An answer of a function has 6 MB; one record has at most 400 KB. */
const maxPageBytes = 3 * 1024 * 1024;
const atOnce = 20;

/** What is read one after the other; with a node come its certificates, with a rollout its runs. */
const sections = [
  "tenant",
  "people",
  "NODE",
  "FACTS",
  "CONFIG",
  "FREEZE",
  "POLICY",
  "WINDOW",
  "SCHEDULE",
  "NOTIFICATION",
  "ALERT",
  "ALERTING",
  "TASK",
  "JOB",
  "ROLLOUT",
  "AUDIT",
] as const;
type Section = (typeof sections)[number];

/** Where an export goes on: behind this record, or behind this part of it. */
interface Place {
  section: Section;
  id?: string;
  part?: string;
}
interface Found {
  at: Place;
  exported: ExportedRecord;
}

/**
 * One page of everything that is recorded of a tenant, for its own admins and the provider's. Pages are read one after the
 * other while the tenant lives: what changes meanwhile is there as it was when its page was read.
 */
export async function exportTenant(
  deps: Pick<Context, "table">,
  principal: Principal,
  { tenantId }: { tenantId: string },
  query: { limit: number; after?: string | undefined },
): Promise<Page<ExportedRecord>> {
  const role = roleIn(principal.grants, tenantId);
  const tenant = role === undefined ? undefined : await getTenant(deps.table, tenantId);
  if (role === undefined || tenant === undefined || tenant.status === "purged") {
    throw new AppError("not_found", `there is no tenant ${tenantId} that you may see`, {
      next: "GET /api/v1/tenants lists those that you may.",
    });
  }
  if (!hasRole(role, "admin")) {
    throw new AppError("forbidden", `this needs the role admin; yours is ${role}`, {
      next: "Ask an administrator of your organisation.",
    });
  }
  return actFor(tenantId, () => readPage(deps, tenantId, query));
}

async function readPage(
  deps: Pick<Context, "table">,
  tenantId: string,
  query: { limit: number; after?: string | undefined },
): Promise<Page<ExportedRecord>> {
  const items: ExportedRecord[] = [];
  let bytes = 0;
  let last: Place | undefined;
  for await (const { at, exported } of recordsOf(deps, tenantId, placeOf(query.after))) {
    if (items.length >= query.limit || bytes >= maxPageBytes) return { items, after: JSON.stringify(last) };
    const shown = { ...exported, record: shownToTenant(exported.record) as Record<string, unknown> };
    items.push(shown);
    bytes += Buffer.byteLength(JSON.stringify(shown));
    last = at;
  }
  return { items };
}

/** What was sealed into the cursor is our own: it needs no check. */
function placeOf(after: string | undefined): Place {
  return after === undefined ? { section: sections[0] } : (JSON.parse(after) as Place);
}

async function* recordsOf(deps: Pick<Context, "table">, tenantId: string, from: Place): AsyncGenerator<Found> {
  for (const section of sections.slice(sections.indexOf(from.section))) {
    const place: Place = section === from.section ? from : { section };
    switch (section) {
      case "tenant":
        if (place.id === undefined) {
          const tenant = await getTenant(deps.table, tenantId);
          if (tenant !== undefined) yield found({ section, id: tenantId }, "tenant", tenantId, { ...tenant });
        }
        break;
      case "people":
        yield* people(deps, tenantId, place.id);
        break;
      case "NODE":
      case "ROLLOUT":
        if (place.id !== undefined) yield* partsOf(deps, tenantId, section, place.id, place.part);
        for await (const one of partition(deps, tenantId, section, place.id)) {
          yield one;
          yield* partsOf(deps, tenantId, section, one.exported.id);
        }
        break;
      default:
        yield* partition(deps, tenantId, section, place.id);
    }
  }
}

/** Those with a grant in the tenant; of what else they may do, nothing. */
async function* people(
  deps: Pick<Context, "table">,
  tenantId: string,
  after: string | undefined = "",
): AsyncGenerator<Found> {
  const listed = (await listPeople(deps.table, tenantId)).toSorted((a, b) => (a.personId < b.personId ? -1 : 1));
  for (const person of listed) {
    const grants = person.grants.filter((grant) => grant.tenant === tenantId);
    if (grants.length === 0 || person.personId <= after) continue;
    const { disabledIn, ...known } = person;
    const here = disabledIn?.includes(tenantId) === true ? { disabledIn: [tenantId] } : {};
    yield found({ section: "people", id: person.personId }, "person", person.personId, { ...known, ...here, grants });
  }
}

async function* partition(
  deps: Pick<Context, "table">,
  tenantId: string,
  section: Exclude<FamilyPartition, "RUN">,
  from: string | undefined,
): AsyncGenerator<Found> {
  let after = from;
  for (;;) {
    const listed = await listFamily(deps.table, { tenantId, partition: section, after, limit: atOnce });
    for (const { id, record } of listed) yield found({ section, id }, exportedFamily[section], id, record);
    if (listed.length < atOnce) return;
    after = listed.at(-1)?.id;
  }
}

/** A node's certificates, or a rollout's runs. */
async function* partsOf(
  deps: Pick<Context, "table">,
  tenantId: string,
  section: "NODE" | "ROLLOUT",
  id: string,
  from?: string,
): AsyncGenerator<Found> {
  if (section === "NODE") {
    const all = { limit: Number.POSITIVE_INFINITY };
    const { items } = await listCertificates(deps.table, { tenantId, holderId: id }, all);
    for (const certificate of items.toReversed()) {
      const { certificateId } = certificate;
      if (from !== undefined && certificateId <= from) continue;
      yield found({ section, id, part: certificateId }, "certificate", certificateId, { ...certificate });
    }
    return;
  }
  let after = from;
  for (;;) {
    const place = { tenantId, partition: "RUN", rolloutId: id, after, limit: atOnce } as const;
    const runs = await listFamily(deps.table, place);
    for (const run of runs) yield found({ section, id, part: run.id }, "run", run.id, run.record);
    if (runs.length < atOnce) return;
    after = runs.at(-1)?.id;
  }
}

function found(at: Place, kind: ExportedKind, id: string, record: Record<string, unknown>): Found {
  return { at, exported: { kind, id, record } };
}

/** A hash of a token or a secret proves nothing to its reader, but it would let a guess be checked. */
const proof = /^(secret|token|refreshToken|link|password)\w*hash$/i;

/** What a job keeps for the provider's staff: its machines' own words, with their addresses. */
const ofStaff = "staffDetail" satisfies keyof JobFailure;

function shownToTenant(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shownToTenant);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !proof.test(name) && name !== ofStaff)
      .map(([name, part]) => [name, shownToTenant(part)]),
  );
}
