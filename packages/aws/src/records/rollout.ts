import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { checkItem, createItem, type Table, type Write } from "../table.ts";
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

/** For the transaction of what was decided about it: it is still the one that was read. */
export const rolloutUnchanged = (state: RolloutState): Write =>
  checkItem("rollout", {
    Key: keyOf(state),
    ConditionExpression: "#version = :version",
    ExpressionAttributeNames: { "#version": "version" },
    ExpressionAttributeValues: { ":version": state.version },
  });

export async function getRollout(
  table: Table,
  key: { tenantId: string; rolloutId: string },
): Promise<RolloutState | undefined> {
  return states.readState(table, keyOf(key));
}
