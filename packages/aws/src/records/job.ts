import type { Lane } from "@steward/contracts/names";
import type { JobState } from "@steward/core/job/job-state";
import { Entity } from "electrodb";
import { countItems, queryItems, type Table, type Write } from "../table.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

const job = new Entity({
  model: states.model("job"),
  attributes: {
    tenantId: { type: "string", required: true },
    jobId: { type: "string", required: true },
    /** Keys of the index of queued jobs: the queue, and since when; absent once it is taken. */
    gsi1pk: { type: "string" },
    gsi1sk: { type: "string" },
    ...states.stateAttributes(),
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId"], template: "T#${tenantId}#JOB" },
      { composite: ["jobId"], template: "${jobId}" },
    ),
    queued: {
      index: "gsi1",
      pk: { field: "gsi1pk", composite: ["gsi1pk"], casing: "none" },
      sk: { field: "gsi1sk", composite: ["gsi1sk"], casing: "none" },
    },
    due: states.dueIndex,
  },
});

const queuedKey = (queue: Lane | "escalations") => `SYS#QUEUED#${queue}`;

const put = (state: JobState) =>
  job.put({
    tenantId: state.tenantId,
    jobId: state.jobId,
    ...(state.status === "queued"
      ? {
          gsi1pk: queuedKey(state.tier === "claude" ? "escalations" : state.lane),
          gsi1sk: `${sortable(state.createdAtMs)}#${state.jobId}`,
        }
      : {}),
    ...states.stateItem(state, { type: "job", tenantId: state.tenantId, id: state.jobId }),
  });

export const createJob = (state: JobState): Write => states.createState("job", put(state));
export const replaceJob = (previous: JobState, next: JobState): Write =>
  states.replaceState("job", put(next), previous, next);

export async function getJob(table: Table, key: { tenantId: string; jobId: string }): Promise<JobState | undefined> {
  return states.readState(table, job.get(key));
}

/** The job, of any tenant, that has waited longest in a lane or in `escalations`. From an index: trails the table by a moment. */
export async function oldestQueued(table: Table, lane: Lane | "escalations"): Promise<JobState | undefined> {
  const { items } = await queryItems(table, states.queryOf(job.query.queued({ gsi1pk: queuedKey(lane) })), {
    limit: 1,
  });
  return items[0] === undefined ? undefined : states.stateOf<JobState>(items[0]);
}

/** How many jobs, of all tenants, wait in a lane. Reads them all: for once a minute, not for every request. */
export async function countQueued(table: Table, lane: Lane): Promise<number> {
  return countItems(table, states.queryOf(job.query.queued({ gsi1pk: queuedKey(lane) })));
}
