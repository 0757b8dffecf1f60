import type { TenantState } from "@steward/core/tenant/tenant-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = (tenantId: string) => ({ pk: `T#${tenantId}#TENANT`, sk: "TENANT" });
const allPartition = "SYS#TENANTS";

const itemOf = (state: TenantState) => ({
  ...keyOf(state.tenantId),
  gsi1pk: allPartition,
  gsi1sk: state.tenantId,
  ...states.stateItem(state, { type: "tenant", tenantId: state.tenantId, id: state.tenantId }),
});

export const createTenant = (state: TenantState): Write => createItem("tenant", itemOf(state));

export async function getTenant(table: Table, tenantId: string): Promise<TenantState | undefined> {
  return states.readState(table, keyOf(tenantId));
}

/** All tenants, for the provider's staff. From an index: trails the table by a moment. */
export async function listTenants(table: Table): Promise<TenantState[]> {
  const { items } = await queryItems(table, states.queryOf({ index: "gsi1", pk: allPartition }));
  return items.map((item) => states.stateOf<TenantState>(item));
}
