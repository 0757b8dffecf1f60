import type { FreezeState } from "@steward/core/tenant/tenant-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/** A tenant's freezes, or those of everything. */
const partition = (tenantId: string | undefined) => (tenantId === undefined ? "SYS#FREEZE" : `T#${tenantId}#FREEZE`);

const itemOf = (state: FreezeState) => ({
  pk: partition(state.tenantId),
  sk: state.freezeId,
  ...states.stateItem(state, { type: "freeze", tenantId: state.tenantId ?? "-", id: state.freezeId }),
});

export const createFreeze = (state: FreezeState): Write => createItem("freeze", itemOf(state));
export const replaceFreeze = (previous: FreezeState, next: FreezeState): Write =>
  states.replaceState("freeze", itemOf(next), previous, next);

/** `tenantId` undefined: a freeze of everything. */
export async function getFreeze(
  table: Table,
  freezeId: string,
  tenantId: string | undefined,
): Promise<FreezeState | undefined> {
  return states.readState(table, { pk: partition(tenantId), sk: freezeId });
}

/**
 * The tenant's freezes and those of everything that nobody has ended; the caller compares `untilMs`. `tenantId`
 * undefined: only those of everything. Strongly consistent: a freeze holds from the moment that it was answered.
 */
export async function listActiveFreezes(table: Table, tenantId: string | undefined): Promise<FreezeState[]> {
  const partitions = new Set([partition(undefined), partition(tenantId)]);
  const found = await Promise.all(
    [...partitions].map((pk) => queryItems(table, states.queryOf({ pk }, { consistent: true }))),
  );
  return found
    .flatMap(({ items }) => items.map((item) => states.stateOf<FreezeState>(item)))
    .filter((state) => state.endedAtMs === undefined);
}
