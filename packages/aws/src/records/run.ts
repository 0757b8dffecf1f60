import { runHasEnded } from "@steward/contracts/states";
import type { RunState } from "@steward/core/run/run-state";
import { Entity } from "electrodb";
import { queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * A rollout's runs lie together in one partition of the table itself, not only of an index: whoever counts them to see
 * whether the rollout is over must count every one that was written, and an index trails.
 */
const run = new Entity({
  model: states.model("run"),
  attributes: {
    tenantId: { type: "string", required: true },
    /** The rollout's part of its runs' ids. */
    rolloutUlid: { type: "string", required: true },
    runId: { type: "string", required: true },
    applianceId: { type: "string", required: true },
    /** Keys of the index of runs that have not ended; absent afterwards. */
    gsi2pk: { type: "string" },
    gsi2sk: { type: "string" },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId", "rolloutUlid"], template: "T#${tenantId}#RUN#${rolloutUlid}" },
      { composite: ["runId"], template: "${runId}" },
    ),
    byAppliance: {
      index: "gsi1",
      pk: {
        field: "gsi1pk",
        composite: ["tenantId", "applianceId"],
        template: "T#${tenantId}#APPLIANCE#${applianceId}",
        casing: "none",
      },
      sk: { field: "gsi1sk", composite: ["runId"], template: "${runId}", casing: "none" },
    },
    live: {
      index: "gsi2",
      pk: { field: "gsi2pk", composite: ["gsi2pk"], casing: "none" },
      sk: { field: "gsi2sk", composite: ["gsi2sk"], casing: "none" },
    },
    due: states.dueIndex,
  },
});

/** The middle of a run's id is its rollout's (`runIdOf`), so either id leads to the partition. */
function ulidOf(id: string): string {
  return id.slice(id.indexOf("_") + 1).slice(0, 26);
}

const liveKey = (key: { tenantId: string; applianceId: string }) => `T#${key.tenantId}#LIVE#${key.applianceId}`;

const put = (state: RunState) =>
  run.put({
    tenantId: state.tenantId,
    rolloutUlid: ulidOf(state.rolloutId),
    runId: state.runId,
    applianceId: state.applianceId,
    ...(runHasEnded(state.status) ? {} : { gsi2pk: liveKey(state), gsi2sk: state.runId }),
    ...states.stateItem(state, { type: "run", tenantId: state.tenantId, id: state.runId }),
  });

export const createRun = (state: RunState): Write => states.createState("run", put(state));
export const replaceRun = (previous: RunState, next: RunState): Write =>
  states.replaceState("run", put(next), previous, next);

export async function getRun(table: Table, key: { tenantId: string; runId: string }): Promise<RunState | undefined> {
  return states.readState(table, run.get({ ...key, rolloutUlid: ulidOf(key.runId) }));
}

/** All runs of a rollout in the order of its targets, strongly consistent. */
export async function listRunsOfRollout(
  table: Table,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
): Promise<RunState[]> {
  const query = run.query.primary({ tenantId, rolloutUlid: ulidOf(rolloutId) });
  const { items } = await queryItems(table, states.queryOf(query, { consistent: true }));
  return items.map((item) => states.stateOf<RunState>(item));
}

/**
 * An appliance's runs, newest rollout first; those that have not ended (`liveOnly`) oldest first, in the order in which
 * they are to be obeyed. From an index: trails the table by a moment.
 */
export async function listRunsOfAppliance(
  table: Table,
  key: { tenantId: string; applianceId: string },
  { limit, liveOnly = false }: { limit: number; liveOnly?: boolean },
): Promise<RunState[]> {
  const query = liveOnly ? run.query.live({ gsi2pk: liveKey(key) }) : run.query.byAppliance(key);
  const { items } = await queryItems(table, states.queryOf(query, { newestFirst: !liveOnly }), { limit });
  return items.map((item) => states.stateOf<RunState>(item));
}
