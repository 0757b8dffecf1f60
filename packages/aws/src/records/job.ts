import type { Lane } from "@steward/contracts/names";
import { isHeldBack } from "@steward/core/job/held-back";
import type { JobState } from "@steward/core/job/job-state";
import { countItems, createItem, queryItems, type Table, type Write } from "../table.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

const keyOf = ({ tenantId, jobId }: { tenantId: string; jobId: string }) => ({ pk: `T#${tenantId}#JOB`, sk: jobId });

/** Of the index of queued jobs; a job leaves it once it is taken. */
const queuedPartition = (queue: Lane | "escalations") => `SYS#QUEUED#${queue}`;

/** Of the index of one tenant's jobs that wait for a place in a lane. */
const heldBackPartition = (tenantId: string, lane: Lane) => `T#${tenantId}#HELD#${lane}`;

const itemOf = (state: JobState) => ({
  ...keyOf(state),
  ...(state.status === "queued"
    ? {
        gsi1pk: queuedPartition(state.tier === "claude" ? "escalations" : state.lane),
        gsi1sk: `${sortable(state.createdAtMs)}#${state.jobId}`,
      }
    : {}),
  ...(isHeldBack(state)
    ? { gsi2pk: heldBackPartition(state.tenantId, state.lane), gsi2sk: `${sortable(state.createdAtMs)}#${state.jobId}` }
    : {}),
  ...states.stateItem(state, { type: "job", tenantId: state.tenantId, id: state.jobId }),
});

export const createJob = (state: JobState): Write => createItem("job", itemOf(state));
export const replaceJob = (previous: JobState, next: JobState): Write =>
  states.replaceState("job", itemOf(next), previous, next);

export async function getJob(table: Table, key: { tenantId: string; jobId: string }): Promise<JobState | undefined> {
  return states.readState(table, keyOf(key));
}

/** How many jobs, of all tenants, wait in a lane. Reads them all: for once a minute, not for every request. */
export async function countQueued(table: Table, lane: Lane): Promise<number> {
  return countItems(table, states.queryOf({ index: "gsi1", pk: queuedPartition(lane) }));
}

/** Of one answer; beyond it the number makes no difference to anybody. */
const mostCounted = 2_000;

export interface Waiting {
  queued: number;
  /** Without a message: their tenant's window is full. */
  heldBack: number;
  /** The one that has waited longest. */
  oldestAtMs?: number;
  /** There are more than were counted. */
  more: boolean;
}

/** What waits in a lane, of all tenants: up to 2,000 jobs are read, and of each only its times. */
export async function waitingIn(table: Table, lane: Lane): Promise<Waiting> {
  const query = states.queryOf({ index: "gsi1", pk: queuedPartition(lane) });
  const { items, more } = await queryItems(
    table,
    {
      ...query,
      ProjectionExpression: "#state.createdAtMs, #state.admittedAtMs, #state.sentAtMs",
      ExpressionAttributeNames: { ...query.ExpressionAttributeNames, "#state": "state" },
    },
    { limit: mostCounted },
  );
  const jobs = items.map(({ state }) => state as Partial<JobState>);
  const [oldest] = jobs;
  return {
    queued: jobs.length,
    // One from before there was a window has a message where it was sent.
    heldBack: jobs.filter(({ admittedAtMs, sentAtMs }) => admittedAtMs === undefined && sentAtMs === undefined).length,
    ...(oldest?.createdAtMs === undefined ? {} : { oldestAtMs: oldest.createdAtMs }),
    more,
  };
}

/** Jobs of a tenant that wait for a place in a lane, the oldest first. From an index: trails the table by a moment. */
export async function listHeldBack(
  table: Table,
  { tenantId, lane, limit }: { tenantId: string; lane: Lane; limit: number },
): Promise<{ jobs: JobState[]; more: boolean }> {
  const place = states.queryOf({ index: "gsi2", pk: heldBackPartition(tenantId, lane) });
  const { items, more } = await queryItems(table, place, { limit });
  return { jobs: items.map((item) => states.stateOf<JobState>(item)), more };
}
