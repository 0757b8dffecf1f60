import type { PolicyState } from "@steward/core/tenant/policy-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/** One for each tenant that has set one. */
const keyOf = (tenantId: string) => ({ pk: `T#${tenantId}#POLICY`, sk: "POLICY" });
const itemOf = (state: PolicyState) => ({ ...keyOf(state.tenantId), ...states.stateItem(state) });

export const createPolicy = (state: PolicyState): Write => createItem("policy", itemOf(state));
export const replacePolicy = (previous: PolicyState, next: PolicyState): Write =>
  states.replaceState("policy", itemOf(next), previous, next);

/** Strongly consistent: a rule holds from the moment that it was answered. */
export async function getPolicy(table: Table, tenantId: string): Promise<PolicyState | undefined> {
  return states.readState(table, keyOf(tenantId));
}
