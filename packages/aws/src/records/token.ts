import type { TokenState } from "@steward/core/tenant/tenant-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/* Found by its id, which the secret carries: so is what a session or a task says it came from. */

const keyOf = (tokenId: string) => ({ pk: `SYS#TOKEN#${tokenId}`, sk: "TOKEN" });

const itemOf = (state: TokenState) => ({
  ...keyOf(state.tokenId),
  gsi1pk: `SYS#TOKENS#${state.tenantId}`,
  gsi1sk: state.tokenId,
  expiresAtS: states.ttl(state.expiresAtMs),
  ...states.stateItem(state),
});

export const createToken = (state: TokenState): Write => createItem("token", itemOf(state));
/** Two that use it at once, and one that revokes it, are settled by its version: a use never undoes a revocation. */
export const replaceToken = (previous: TokenState, next: TokenState): Write =>
  states.replaceState("token", itemOf(next), previous, next);

/** Also one that has ended or was revoked: the caller looks. */
export async function getToken(table: Table, tokenId: string): Promise<TokenState | undefined> {
  return states.readState(table, keyOf(tokenId));
}

/** The tokens of a tenant, oldest first. From an index: trails the table by a moment. */
export async function listTokens(table: Table, tenantId: string): Promise<TokenState[]> {
  const { items } = await queryItems(table, states.queryOf({ index: "gsi1", pk: `SYS#TOKENS#${tenantId}` }));
  return items.map((item) => states.stateOf<TokenState>(item));
}
