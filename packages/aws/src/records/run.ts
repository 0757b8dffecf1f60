import { runHasEnded } from "@steward/contracts/states";
import type { RunState } from "@steward/core/run/run-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * A rollout's runs lie together in one partition of the table itself, not only of an index: whoever counts them to see
 * whether the rollout is over must count every one that was written, and an index trails.
 */
const partition = (tenantId: string, rolloutOrRunId: string) => `T#${tenantId}#RUN#${ulidOf(rolloutOrRunId)}`;
const appliancePartition = ({ tenantId, applianceId }: Appliance) => `T#${tenantId}#APPLIANCE#${applianceId}`;
/** Of the index of runs that have not ended. */
const livePartition = ({ tenantId, applianceId }: Appliance) => `T#${tenantId}#LIVE#${applianceId}`;

interface Appliance {
  tenantId: string;
  applianceId: string;
}

/** The middle of a run's id is its rollout's (`runIdOf`), so either id leads to the partition. */
function ulidOf(id: string): string {
  return id.slice(id.indexOf("_") + 1).slice(0, 26);
}

const itemOf = (state: RunState) => ({
  pk: partition(state.tenantId, state.rolloutId),
  sk: state.runId,
  gsi1pk: appliancePartition(state),
  gsi1sk: state.runId,
  ...(runHasEnded(state.status) ? {} : { gsi2pk: livePartition(state), gsi2sk: state.runId }),
  ...states.stateItem(state, { type: "run", tenantId: state.tenantId, id: state.runId }),
});

export const createRun = (state: RunState): Write => createItem("run", itemOf(state));
export const replaceRun = (previous: RunState, next: RunState): Write =>
  states.replaceState("run", itemOf(next), previous, next);

export async function getRun(table: Table, key: { tenantId: string; runId: string }): Promise<RunState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId, key.runId), sk: key.runId });
}

/** All runs of a rollout in the order of its targets, strongly consistent. */
export async function listRunsOfRollout(
  table: Table,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
): Promise<RunState[]> {
  const { items } = await queryItems(
    table,
    states.queryOf({ pk: partition(tenantId, rolloutId) }, { consistent: true }),
  );
  return items.map((item) => states.stateOf<RunState>(item));
}

/**
 * An appliance's runs, newest rollout first; those that have not ended (`liveOnly`) oldest first, in the order in which
 * they are to be obeyed. From an index: trails the table by a moment.
 */
export async function listRunsOfAppliance(
  table: Table,
  key: Appliance,
  { limit, liveOnly = false }: { limit: number; liveOnly?: boolean },
): Promise<RunState[]> {
  const place: states.Place = liveOnly
    ? { index: "gsi2", pk: livePartition(key) }
    : { index: "gsi1", pk: appliancePartition(key) };
  const { items } = await queryItems(table, states.queryOf(place, { newestFirst: !liveOnly }), { limit });
  return items.map((item) => states.stateOf<RunState>(item));
}
