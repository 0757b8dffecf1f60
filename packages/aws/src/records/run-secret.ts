import type { RunSecretState } from "@steward/core/run/run-secret-state";
import { type Item, createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/*
 * What is known of a secret that a run made; its value is in Secrets Manager. Those of a rollout lie together, by run. Due
 * until the value is gone.
 */

const partition = (tenantId: string, runId: string) => `T#${tenantId}#SECRET#${rolloutPart(runId)}`;
/** The middle of a run's id is its rollout's. */
function rolloutPart(id: string): string {
  return id.slice(id.indexOf("_") + 1).slice(0, 26);
}

interface RunSecretKey {
  tenantId: string;
  runId: string;
  ref: string;
}
const keyOf = ({ tenantId, runId, ref }: RunSecretKey) => ({ pk: partition(tenantId, runId), sk: `${runId}.${ref}` });

const itemOf = (state: RunSecretState) => ({
  ...keyOf(state),
  ...states.stateItem(state, { type: "secret", tenantId: state.tenantId, id: `${state.runId}.${state.ref}` }),
});

/** Two tries to store one at once: the second finds it made. */
export const createRunSecret = (state: RunSecretState): Write => createItem("run secret", itemOf(state));
/** Two that open it at once, or one that opens and one that takes it away: the first is the one that did. */
export const replaceRunSecret = (previous: RunSecretState, next: RunSecretState): Write =>
  states.replaceState("run secret", itemOf(next), previous, next);

export async function getRunSecret(table: Table, key: RunSecretKey): Promise<RunSecretState | undefined> {
  return states.readState(table, keyOf(key));
}

/** By the id that is due: `run_….1-0-password`. */
export function runSecretKey(tenantId: string, id: string): RunSecretKey {
  const [runId = "", ref = ""] = id.split(".");
  return { tenantId, runId, ref };
}

/** Which secret an item is about, by its key alone; undefined for any other item. */
export function runSecretOf({ pk, sk }: Item): RunSecretKey | undefined {
  const [, tenantId, family] = String(pk).split("#");
  return tenantId === undefined || family !== "SECRET" ? undefined : runSecretKey(tenantId, String(sk));
}

/** Of one run. Strongly consistent: what was stored before the result is found with it. */
export async function listRunSecrets(
  table: Table,
  { tenantId, runId }: Pick<RunSecretKey, "tenantId" | "runId">,
): Promise<RunSecretState[]> {
  const place = { pk: partition(tenantId, runId), startsWith: `${runId}.` };
  const { items } = await queryItems(table, states.queryOf(place, { consistent: true }));
  return items.map((item) => states.stateOf<RunSecretState>(item));
}

/** Of all runs of a rollout, at most `limit`. */
export async function listSecretsOfRollout(
  table: Table,
  { tenantId, rolloutId }: { tenantId: string; rolloutId: string },
  limit: number,
): Promise<RunSecretState[]> {
  const place = { pk: partition(tenantId, rolloutId) };
  const { items } = await queryItems(table, states.queryOf(place, { consistent: true }), { limit });
  return items.map((item) => states.stateOf<RunSecretState>(item));
}
