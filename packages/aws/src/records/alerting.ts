import type { AlertingState } from "@steward/core/alert/alerting-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/** One for each tenant that has set any. It is due until all of its nodes are judged by it. */
const keyOf = (tenantId: string) => ({ pk: `T#${tenantId}#ALERTING`, sk: "ALERTING" });
const itemOf = (state: AlertingState) => ({
  ...keyOf(state.tenantId),
  ...states.stateItem(state, { type: "alerting", tenantId: state.tenantId, id: state.tenantId }),
});

export const createAlerting = (state: AlertingState): Write => createItem("alerting", itemOf(state));
export const replaceAlerting = (previous: AlertingState, next: AlertingState): Write =>
  states.replaceState("alerting", itemOf(next), previous, next);

/** Strongly consistent. */
export async function getAlerting(table: Table, tenantId: string): Promise<AlertingState | undefined> {
  return states.readState(table, keyOf(tenantId));
}
