import type { SessionState } from "@steward/core/tenant/tenant-state";
import { Entity } from "electrodb";
import type { Table, Write } from "../table.ts";
import * as states from "./state.ts";

const session = new Entity({
  model: states.model("session"),
  attributes: {
    tokenHash: { type: "string", required: true },
    expiresAtS: { type: "number", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tokenHash"], template: "SYS#SESSION#${tokenHash}" },
      { composite: [], template: "SESSION" },
    ),
  },
});

const put = (state: SessionState) =>
  session.put({
    tokenHash: state.tokenHash,
    expiresAtS: states.ttl(state.expiresAtMs),
    ...states.stateItem(state),
  });

export const createSession = (state: SessionState): Write => states.createState("session", put(state));
export const replaceSession = (previous: SessionState, next: SessionState): Write =>
  states.replaceState("session", put(next), previous, next);

/** The login or refresh token with this sha256, unless it has expired. Used and revoked ones are returned: the caller looks. */
export async function getSession(
  table: Table,
  tokenHash: string,
  nowMs: number = Date.now(),
): Promise<SessionState | undefined> {
  const state = await states.readState<SessionState>(table, session.get({ tokenHash }));
  return state === undefined || state.expiresAtMs <= nowMs ? undefined : state;
}
