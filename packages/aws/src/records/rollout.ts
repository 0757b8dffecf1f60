import type { RolloutState } from "@steward/core/rollout/rollout-state";
import { Entity } from "electrodb";
import type { Table, Write } from "../table.ts";
import * as states from "./state.ts";

const rollout = new Entity({
  model: states.model("rollout"),
  attributes: {
    tenantId: { type: "string", required: true },
    rolloutId: { type: "string", required: true },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId"], template: "T#${tenantId}#ROLLOUT" },
      { composite: ["rolloutId"], template: "${rolloutId}" },
    ),
    due: states.dueIndex,
  },
});

const put = (state: RolloutState) =>
  rollout.put({
    tenantId: state.tenantId,
    rolloutId: state.rolloutId,
    ...states.stateItem(state, { type: "rollout", tenantId: state.tenantId, id: state.rolloutId }),
  });

export const createRollout = (state: RolloutState): Write => states.createState("rollout", put(state));
export const replaceRollout = (previous: RolloutState, next: RolloutState): Write =>
  states.replaceState("rollout", put(next), previous, next);

export async function getRollout(
  table: Table,
  key: { tenantId: string; rolloutId: string },
): Promise<RolloutState | undefined> {
  return states.readState(table, rollout.get(key));
}
