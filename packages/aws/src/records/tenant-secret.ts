import type { TenantSecretState } from "@steward/core/tenant/tenant-state";
import { createItem, type Item, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/* Which secrets a tenant has put in. Their values are in Secrets Manager. */

const partition = (tenantId: string) => `T#${tenantId}#VAULT`;

const itemOf = (state: TenantSecretState) => ({
  pk: partition(state.tenantId),
  sk: state.name,
  ...states.stateItem(state),
});

export const createTenantSecret = (state: TenantSecretState): Write => createItem("secret", itemOf(state));
/** Two that change it at once: the second looks again, so that the record names the value that was put in last. */
export const replaceTenantSecret = (previous: TenantSecretState, next: TenantSecretState): Write =>
  states.replaceState("secret", itemOf(next), previous, next);

/** Also one that was removed: the caller looks. */
export async function getTenantSecret(
  table: Table,
  key: { tenantId: string; name: string },
): Promise<TenantSecretState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.name });
}

/** All of a tenant, by name; also removed ones. */
export async function listTenantSecrets(table: Table, tenantId: string): Promise<TenantSecretState[]> {
  const { items } = await queryItems(table, states.queryOf({ pk: partition(tenantId) }, { consistent: true }));
  return items.map((item) => states.stateOf<TenantSecretState>(item));
}

/** Which secret an item is about, by its key alone; undefined for any other item. */
export function tenantSecretOf({ pk, sk }: Item): { tenantId: string; name: string } | undefined {
  const [, tenantId, family] = String(pk).split("#");
  return tenantId === undefined || family !== "VAULT" ? undefined : { tenantId, name: String(sk) };
}
