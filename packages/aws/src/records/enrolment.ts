import type { EnrolmentState } from "@steward/core/certificate/certificate-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = (tokenHash: string) => ({ pk: `SYS#ENROLMENT#${tokenHash}`, sk: "ENROLMENT" });

const itemOf = (state: EnrolmentState) => ({
  ...keyOf(state.tokenHash),
  expiresAtS: states.ttl(state.expiresAtMs),
  ...states.stateItem(state),
});

export const createEnrolment = (state: EnrolmentState): Write => createItem("enrolment", itemOf(state));
export const replaceEnrolment = (previous: EnrolmentState, next: EnrolmentState): Write =>
  states.replaceState("enrolment", itemOf(next), previous, next);

/** The enrolment whose token has this sha256, unless it has expired. Used ones are returned: the caller compares the key. */
export async function getEnrolment(
  table: Table,
  tokenHash: string,
  nowMs: number = Date.now(),
): Promise<EnrolmentState | undefined> {
  const state = await states.readState<EnrolmentState>(table, keyOf(tokenHash));
  return state === undefined || state.expiresAtMs <= nowMs ? undefined : state;
}
