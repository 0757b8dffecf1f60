import { DeleteCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { calling } from "../faults.ts";
import type { Item, Table } from "../table.ts";
import type { Key } from "./state.ts";

/*
 * Looks through the whole table for what is a tenant's, and removes it. Not by a list of its records' kinds: the one that
 * somebody forgets to add would stay for ever, and enrolments, sessions and identities are on no index by tenant.
 */

/** Whose records are looked for: the tenant's, and those of people who had nothing but a role in it. */
export interface Owner {
  tenantId: string;
  personIds: ReadonlySet<string>;
}

/** What a scan reads of each item: enough to know whose it is. */
const parts = ["tenantId", "ownerTenantId", "limitTo", "personId", "tokenId", "subject", "grants"] as const;

/** At most 1 MB of the table, in no order. `after`: where the next page goes on; undefined at the table's end. */
export async function scanPage(
  table: Table,
  { after, limit }: { after?: Key | undefined; limit?: number | undefined },
): Promise<{ items: Item[]; after?: Key }> {
  const answer = await calling("look through the table", () =>
    table.client.send(
      new ScanCommand({
        TableName: table.name,
        ProjectionExpression: ["#pk", "#sk", "#t", ...parts.map((name) => `#state.#${name}`)].join(", "),
        ExpressionAttributeNames: {
          "#pk": "pk",
          "#sk": "sk",
          "#t": "t",
          "#state": "state",
          ...Object.fromEntries(parts.map((name) => [`#${name}`, name])),
        },
        ...(after === undefined ? {} : { ExclusiveStartKey: { pk: after.pk, sk: after.sk } }),
        ...(limit === undefined ? {} : { Limit: limit }),
      }),
    ),
  );
  const last = answer.LastEvaluatedKey;
  return {
    items: answer.Items ?? [],
    ...(last === undefined ? {} : { after: { pk: String(last["pk"]), sk: String(last["sk"]) } }),
  };
}

/** What stays of a tenant: the record that keeps its id taken, and the trail of what was done, which is sealed. */
const kept = new Set(["TENANT", "AUDIT"]);
/** Families of the system that no owner's removal touches. People are settled by themselves, when all else is gone. */
const notOwned = new Set(["AUDIT", "SEAL", "PERSON"]);

/**
 * Whether an item is the owner's. By what we wrote where only we write: a key's segments, and the owner's fields. Never by
 * what a text in it says: whoever wrote another tenant's id into his own record would have it removed.
 */
export function belongs(item: Item, owner: Owner): boolean {
  const [family, second = "", ...rest] = segmentsOf(item["pk"]);
  if (family === "T") return second === owner.tenantId && !kept.has(rest[0] ?? "");
  if (family !== "SYS") return false;
  const state = fieldsOf(item["state"]);
  if (second === "PERSON") return isForgotten(state, owner.tenantId);
  if (notOwned.has(second)) return false;
  const isOwner = (id: unknown) => id === owner.tenantId || (typeof id === "string" && owner.personIds.has(id));
  const fields = ["tenantId", "ownerTenantId", "limitTo", "personId"].map((name) => state[name]);
  const named = [...rest, ...segmentsOf(item["sk"]), item["t"], ...fields];
  return named.some(isOwner) || (second === "TOKEN" && grantsOnly(state, owner.tenantId));
}

/** The id of a service token of somebody else that has a role here among others. */
export function sharedToken(item: Item, tenantId: string): string | undefined {
  const { tokenId, grants } = fieldsOf(item["state"]);
  const isShared = segmentsOf(item["pk"])[1] === "TOKEN" && tenantsOf(grants).has(tenantId);
  return isShared && typeof tokenId === "string" ? tokenId : undefined;
}

function grantsOnly({ grants }: Record<string, unknown>, tenantId: string): boolean {
  const tenants = tenantsOf(grants);
  return tenants.size === 1 && tenants.has(tenantId);
}

function tenantsOf(grants: unknown): Set<unknown> {
  return new Set(Array.isArray(grants) ? grants.map((grant) => fieldsOf(grant)["tenant"]) : []);
}

/** Whoever was made for this tenant's set-up, and has no role anywhere any more. */
function isForgotten(state: Record<string, unknown>, tenantId: string): boolean {
  const { grants, subject } = state;
  return Array.isArray(grants) && grants.length === 0 && String(subject).startsWith(`${tenantId}:`);
}

/** Removing twice is as good as once. */
export async function removeItem(table: Table, { pk, sk }: Item): Promise<void> {
  await calling("remove a record", () =>
    table.client.send(new DeleteCommand({ TableName: table.name, Key: { pk, sk } })),
  );
}

function segmentsOf(key: unknown): string[] {
  return typeof key === "string" ? key.split("#") : [];
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
