import type { EnrolmentState } from "@steward/core/certificate/certificate-state";
import { Entity } from "electrodb";
import type { Table, Write } from "../table.ts";
import * as states from "./state.ts";

const enrolment = new Entity({
  model: states.model("enrolment"),
  attributes: {
    tokenHash: { type: "string", required: true },
    expiresAtS: { type: "number", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tokenHash"], template: "SYS#ENROLMENT#${tokenHash}" },
      { composite: [], template: "ENROLMENT" },
    ),
  },
});

const put = (state: EnrolmentState) =>
  enrolment.put({
    tokenHash: state.tokenHash,
    expiresAtS: states.ttl(state.expiresAtMs),
    ...states.stateItem(state),
  });

export const createEnrolment = (state: EnrolmentState): Write => states.createState("enrolment", put(state));
export const replaceEnrolment = (previous: EnrolmentState, next: EnrolmentState): Write =>
  states.replaceState("enrolment", put(next), previous, next);

/** The enrolment whose token has this sha256, unless it has expired. Used ones are returned: the caller compares the key. */
export async function getEnrolment(
  table: Table,
  tokenHash: string,
  nowMs: number = Date.now(),
): Promise<EnrolmentState | undefined> {
  const state = await states.readState<EnrolmentState>(table, enrolment.get({ tokenHash }));
  return state === undefined || state.expiresAtMs <= nowMs ? undefined : state;
}
