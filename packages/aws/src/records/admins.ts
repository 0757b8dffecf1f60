import type { Versioned } from "@steward/core/versioned";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/** Counts how often somebody stopped being an admin of a tenant. Nothing else is in it: it is there to be in the way. */
export interface AdminsState extends Versioned {
  tenantId: string;
}

const keyOf = (tenantId: string) => ({ pk: `SYS#ADMINS#${tenantId}`, sk: "ADMINS" });

/**
 * lastAdmin: settles two admins who each take the other's role. Each sees that another admin remains; both write this
 * record, so one is told of the conflict, looks again, and sees that none would.
 *
 *     A  sees B ── takes A's own role ── write v2 ✓
 *     B     sees A ── takes B's own role ── write v2 ✗ conflict: B sees that A is none any more
 */
export function leaveAdmins(tenantId: string, previous: AdminsState | undefined): Write {
  const next: AdminsState = { v: 1, version: (previous?.version ?? 0) + 1, tenantId };
  const item = { ...keyOf(tenantId), ...states.stateItem(next) };
  return previous === undefined ? createItem("admins", item) : states.replaceState("admins", item, previous, next);
}

export async function getAdmins(table: Table, tenantId: string): Promise<AdminsState | undefined> {
  return states.readState(table, keyOf(tenantId));
}
