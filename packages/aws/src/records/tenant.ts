import type { TenantState } from "@steward/core/tenant/tenant-state";
import {
  createItem,
  type Item,
  type Page,
  type PageRequest,
  queryItems,
  readItem,
  type Table,
  type Write,
} from "../table.ts";
import * as states from "./state.ts";

const keyOf = (tenantId: string) => ({ pk: `T#${tenantId}#TENANT`, sk: "TENANT" });
/** Where a tenant is listed: those that are to be removed on a list of their own, which is looked at every minute. */
const partitions = { living: "SYS#TENANTS", ending: "SYS#TENANTS#ENDING" } as const;

/** What was purged is on no list: there is nobody to be shown any more. */
function listOf({ status }: TenantState): string | undefined {
  switch (status) {
    case "active":
    case "suspended":
      return partitions.living;
    case "deleting":
    case "purging":
      return partitions.ending;
    case "purged":
      return undefined;
    default:
      return status satisfies never;
  }
}

function itemOf(state: TenantState) {
  const list = listOf(state);
  return {
    ...keyOf(state.tenantId),
    ...(list === undefined ? {} : { gsi1pk: list, gsi1sk: state.tenantId }),
    ...states.stateItem(state, { type: "tenant", tenantId: state.tenantId, id: state.tenantId }),
  };
}

/** `status` is younger than the record: whoever has none is active. */
function tenantOf(item: Item): TenantState {
  return { status: "active", ...states.stateOf<Omit<TenantState, "status"> & Partial<TenantState>>(item) };
}

export const createTenant = (state: TenantState): Write => createItem("tenant", itemOf(state));
export const replaceTenant = (previous: TenantState, next: TenantState): Write =>
  states.replaceState("tenant", itemOf(next), previous, next);

/** Also one that was purged: its id is taken for ever. */
export async function getTenant(table: Table, tenantId: string): Promise<TenantState | undefined> {
  const item = await readItem(table, keyOf(tenantId));
  return item === undefined ? undefined : tenantOf(item);
}

/** All tenants but those that were purged. From an index: trails the table by a moment. */
export async function listTenants(table: Table): Promise<TenantState[]> {
  const lists = await Promise.all([partitions.living, partitions.ending].map((pk) => listed(table, pk)));
  return lists.flat().toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
}

/** One page of them by id. */
export async function pageOfTenants(
  table: Table,
  { limit, after = states.beforeAllIds }: PageRequest,
): Promise<Page<TenantState>> {
  const found = await Promise.all(
    [partitions.living, partitions.ending].map((pk) =>
      queryItems(table, states.queryOf({ index: "gsi1", pk, behind: after }), { limit }),
    ),
  );
  const all = found.flatMap(({ items }) => items.map(tenantOf)).toSorted((a, b) => (a.tenantId < b.tenantId ? -1 : 1));
  const more = all.length > limit || found.some((one) => one.more);
  return states.pageOf(all.slice(0, limit), more, ({ tenantId }) => tenantId);
}

/** Those whose deletion was asked for or is under way. From an index: trails the table by a moment. */
export async function listEndingTenants(table: Table): Promise<TenantState[]> {
  return listed(table, partitions.ending);
}

async function listed(table: Table, pk: string): Promise<TenantState[]> {
  const { items } = await queryItems(table, states.queryOf({ index: "gsi1", pk }));
  return items.map(tenantOf);
}
