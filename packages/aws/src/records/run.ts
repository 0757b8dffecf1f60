import type { SignedDocument } from "@steward/contracts/signed";
import { runHasEnded } from "@steward/contracts/states";
import type { RunState } from "@steward/core/run/run-state";
import { createItem, type Page, type PageRequest, queryItems, readItem, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * A rollout's runs lie together in one partition of the table itself, not only of an index: whoever counts them to see
 * whether the rollout is over must count every one that was written, and an index trails.
 */
const partition = (tenantId: string, rolloutOrRunId: string) => `T#${tenantId}#RUN#${ulidOf(rolloutOrRunId)}`;
/**
 * The signed commands lie beside the runs and not in them: whoever counts the 5,000 runs of a rollout would read 5,000
 * plans. One for each attempt, made with the write that says `sent`, and never changed.
 */
const envelopePartition = (tenantId: string, runId: string) => `T#${tenantId}#RUN#${ulidOf(runId)}#ENVELOPE`;
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

const envelopeKey = ({ tenantId, runId, attempt }: Pick<RunState, "tenantId" | "runId" | "attempt">) => ({
  pk: envelopePartition(tenantId, runId),
  sk: `${runId}#${attempt}`,
});

export const createRun = (state: RunState): Write => createItem("run", itemOf(state));
export const replaceRun = (previous: RunState, next: RunState): Write =>
  states.replaceState("run", itemOf(next), previous, next);

/** The run is `sent`, with its signed command: both or neither. */
export function sendRun(previous: RunState, { envelope, ...next }: RunState): Write[] {
  const command = envelope === undefined ? [] : [createItem("envelope", { ...envelopeKey(next), envelope })];
  return [replaceRun(previous, next), ...command];
}

/** The signed command of the run's current attempt. Undefined: it has not been sent. */
export async function getEnvelope(table: Table, run: RunState): Promise<SignedDocument | undefined> {
  // Of a build that kept it in the run.
  if (run.envelope !== undefined) return run.envelope;
  const item = await readItem(table, envelopeKey(run));
  return item?.["envelope"] as SignedDocument | undefined;
}

export async function getRun(table: Table, key: { tenantId: string; runId: string }): Promise<RunState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId, key.runId), sk: key.runId });
}

/** All runs of a rollout in the order of its targets, strongly consistent, over as many pages as it takes. */
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

/** One page of them that `accept` takes, in the same order. */
export async function listRunsPage(
  table: Table,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
  { limit, after = states.beforeAllIds, accept = () => true }: PageRequest & { accept?: (run: RunState) => boolean },
): Promise<Page<RunState>> {
  const query = states.queryOf({ pk: partition(tenantId, rolloutId), behind: after }, { consistent: true });
  const { items, more } = await queryItems(table, query, {
    limit,
    accept: (item) => accept(states.stateOf<RunState>(item)),
  });
  return states.pageOf(
    items.map((item) => states.stateOf<RunState>(item)),
    more,
    (run) => run.runId,
  );
}

/** A page of an appliance's runs, newest rollout first. From an index: trails the table by a moment. */
export async function listNewestRunsOfAppliance(
  table: Table,
  key: Appliance,
  { limit, after = states.behindAllIds }: PageRequest,
): Promise<Page<RunState>> {
  const query = states.queryOf({ index: "gsi1", pk: appliancePartition(key), before: after }, { newestFirst: true });
  const { items, more } = await queryItems(table, query, { limit });
  return states.pageOf(
    items.map((item) => states.stateOf<RunState>(item)),
    more,
    (run) => run.runId,
  );
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
