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

/**
 * For the transaction that sends: nobody has paused, cancelled, stopped, tried again or undone it since it was read, and no appliance that
 * was away has taken a place. Not its version: every look of a dispatcher raises that, and of several that look at one time each would undo the others' work
 * before it is done. What two of them send is settled by the runs.
 */
export function rolloutUnchanged(state: RolloutState): Write {
  const names: Record<string, string> = { "#state": "state", "#status": "status", "#stop": "stop" };
  const values: Record<string, unknown> = { ":status": state.status };
  const conditions = [
    "#state.#status = :status",
    `${state.stop === undefined ? "attribute_not_exists" : "attribute_exists"}(#state.#stop)`,
  ];
  for (const name of ["round", "operation", "lateStarts"] as const) {
    names[`#${name}`] = name;
    if (state[name] === undefined) conditions.push(`attribute_not_exists(#state.#${name})`);
    else {
      values[`:${name}`] = state[name];
      conditions.push(`#state.#${name} = :${name}`);
    }
  }
  return checkItem("rollout", {
    Key: keyOf(state),
    ConditionExpression: conditions.join(" AND "),
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  });
}

export async function getRollout(
  table: Table,
  key: { tenantId: string; rolloutId: string },
): Promise<RolloutState | undefined> {
  return states.readState(table, keyOf(key));
}
