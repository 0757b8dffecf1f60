import type { Lane } from "@steward/contracts/names";
import type { JobState } from "@steward/core/job/job-state";
import { countItems, createItem, queryItems, type Table, type Write } from "../table.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

const keyOf = ({ tenantId, jobId }: { tenantId: string; jobId: string }) => ({ pk: `T#${tenantId}#JOB`, sk: jobId });

/** Of the index of queued jobs; a job leaves it once it is taken. */
const queuedPartition = (queue: Lane | "escalations") => `SYS#QUEUED#${queue}`;

const itemOf = (state: JobState) => ({
  ...keyOf(state),
  ...(state.status === "queued"
    ? {
        gsi1pk: queuedPartition(state.tier === "claude" ? "escalations" : state.lane),
        gsi1sk: `${sortable(state.createdAtMs)}#${state.jobId}`,
      }
    : {}),
  ...states.stateItem(state, { type: "job", tenantId: state.tenantId, id: state.jobId }),
});

export const createJob = (state: JobState): Write => createItem("job", itemOf(state));
export const replaceJob = (previous: JobState, next: JobState): Write =>
  states.replaceState("job", itemOf(next), previous, next);

export async function getJob(table: Table, key: { tenantId: string; jobId: string }): Promise<JobState | undefined> {
  return states.readState(table, keyOf(key));
}

/** The job, of any tenant, that has waited longest in a lane or in `escalations`. From an index: trails the table by a moment. */
export async function oldestQueued(table: Table, lane: Lane | "escalations"): Promise<JobState | undefined> {
  const { items } = await queryItems(table, states.queryOf({ index: "gsi1", pk: queuedPartition(lane) }), {
    limit: 1,
  });
  return items[0] === undefined ? undefined : states.stateOf<JobState>(items[0]);
}

/** How many jobs, of all tenants, wait in a lane. Reads them all: for once a minute, not for every request. */
export async function countQueued(table: Table, lane: Lane): Promise<number> {
  return countItems(table, states.queryOf({ index: "gsi1", pk: queuedPartition(lane) }));
}
