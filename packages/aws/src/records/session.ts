import type { SessionState } from "@steward/core/tenant/tenant-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = (tokenHash: string) => ({ pk: `SYS#SESSION#${tokenHash}`, sk: "SESSION" });

const itemOf = (state: SessionState) => ({
  ...keyOf(state.tokenHash),
  expiresAtS: states.ttl(state.expiresAtMs),
  ...states.stateItem(state),
});

export const createSession = (state: SessionState): Write => createItem("session", itemOf(state));
export const replaceSession = (previous: SessionState, next: SessionState): Write =>
  states.replaceState("session", itemOf(next), previous, next);

/** The login or refresh token with this sha256, unless it has expired. Used and revoked ones are returned: the caller looks. */
export async function getSession(
  table: Table,
  tokenHash: string,
  nowMs: number = Date.now(),
): Promise<SessionState | undefined> {
  const state = await states.readState<SessionState>(table, keyOf(tokenHash));
  return state === undefined || state.expiresAtMs <= nowMs ? undefined : state;
}
