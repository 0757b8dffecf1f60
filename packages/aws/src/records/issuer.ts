import type { IssuerState } from "@steward/core/tenant/tenant-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = (issuerId: string) => ({ pk: `SYS#ISSUER#${issuerId}`, sk: "ISSUER" });

const itemOf = (state: IssuerState) => ({
  ...keyOf(state.issuerId),
  // One that was removed is on no list.
  ...(state.removedAtMs === undefined ? { gsi1pk: `SYS#ISSUERS#${state.tenantId}`, gsi1sk: state.issuerId } : {}),
  ...states.stateItem(state),
});

export const createIssuer = (state: IssuerState): Write => createItem("issuer", itemOf(state));
export const replaceIssuer = (previous: IssuerState, next: IssuerState): Write =>
  states.replaceState("issuer", itemOf(next), previous, next);

/** Also one that was removed: the caller looks. */
export async function getIssuer(table: Table, issuerId: string): Promise<IssuerState | undefined> {
  return states.readState(table, keyOf(issuerId));
}

/** From an index: trails the table by a moment. */
export async function listIssuers(table: Table, tenantId: string): Promise<IssuerState[]> {
  const { items } = await queryItems(table, states.queryOf({ index: "gsi1", pk: `SYS#ISSUERS#${tenantId}` }));
  return items.map((item) => states.stateOf<IssuerState>(item));
}
