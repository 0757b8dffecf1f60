import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { createItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const keyOf = ({ tenantId, rolloutId }: { tenantId: string; rolloutId: string }) => ({
  pk: `T#${tenantId}#ROLLOUT`,
  sk: rolloutId,
});

/** One entry for each target. */
const lists = [["targets"], ["waveOf"]] as const;

const itemOf = (state: RolloutState) => ({
  ...keyOf(state),
  ...states.stateItem(state, { type: "rollout", tenantId: state.tenantId, id: state.rolloutId }, lists),
});

export const createRollout = (state: RolloutState): Write => createItem("rollout", itemOf(state));
export const replaceRollout = (previous: RolloutState, next: RolloutState): Write =>
  states.replaceState("rollout", itemOf(next), previous, next);

export async function getRollout(
  table: Table,
  key: { tenantId: string; rolloutId: string },
): Promise<RolloutState | undefined> {
  return states.readState(table, keyOf(key));
}
