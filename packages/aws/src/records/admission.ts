import type { Lane } from "@steward/contracts/names";
import type { AdmissionState } from "@steward/core/job/admission-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * Which of a tenant's jobs are in a lane: one record for each tenant and lane that are in use. Its version settles two
 * that give back or take a place at once:
 *
 *     A  job 1 ends ── read v4 ── let job 3 in: write v5, and job 3 ✓
 *     B  job 2 ends ──── read v4 ── let job 3 in: write v5 ✗ conflict: B reads v5, and lets job 4 in
 */

type Key = Pick<AdmissionState, "tenantId" | "lane">;
const keyOf = ({ tenantId, lane }: Key) => ({ pk: `T#${tenantId}#LIMIT`, sk: `ADMISSION#${lane}` });

const itemOf = (state: AdmissionState) => ({
  ...keyOf(state),
  ...states.stateItem(state, { type: "admission", tenantId: state.tenantId, id: state.lane }),
});

/** The next version of a state that was read; the first one where there was none. */
export function storeAdmission(previous: AdmissionState, next: AdmissionState): Write {
  return previous.version === 0
    ? createItem("admission", itemOf(next))
    : states.replaceState("admission", itemOf(next), previous, next);
}

export async function getAdmission(
  table: Table,
  key: { tenantId: string; lane: Lane },
): Promise<AdmissionState | undefined> {
  return states.readState(table, keyOf(key));
}
