import type { AlertStatus } from "@steward/contracts/alert";
import type { AlertState } from "@steward/core/alert/alert-state";
import { createItem, type Page, type PageRequest, queryItems, readItems, type Table, type Write } from "../table.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

const partition = (tenantId: string) => `T#${tenantId}#ALERT`;
/** How long one can be seen after its end. One that opens again within that time is the same record. */
const keptMs = 90 * 86_400_000;
/** A time to live is never taken away by a write, only moved: one that is open lives for as long as anything. */
const foreverMs = 50 * 365 * 86_400_000;

/** Those that are so, and those that were, each by the time since when. */
const list = (tenantId: string, which: "now" | "over") => `${partition(tenantId)}#${which}`;

const itemOf = (state: AlertState) => ({
  pk: partition(state.tenantId),
  sk: state.alertId,
  gsi1pk: list(state.tenantId, state.status === "resolved" ? "over" : "now"),
  gsi1sk: `${sortable(state.resolvedAtMs ?? state.startsAtMs)}#${state.alertId}`,
  ...states.stateItem(state, { type: "alert", tenantId: state.tenantId, id: state.alertId }),
  expiresAtS: states.ttl(
    state.resolvedAtMs === undefined ? state.updatedAtMs + foreverMs : state.resolvedAtMs + keptMs,
  ),
});

/** Of two that meet the same thing first, whose id is the same, one opens it; the other finds it open. */
export const createAlert = (state: AlertState): Write => createItem("alert", itemOf(state));
/** Of two that change it on the same read, the second one decides again. */
export const replaceAlert = (previous: AlertState, next: AlertState): Write =>
  states.replaceState("alert", itemOf(next), previous, next);

export async function getAlert(
  table: Table,
  key: { tenantId: string; alertId: string },
): Promise<AlertState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.alertId });
}

/** In no order; those that there are not are left out. Strongly consistent. */
export async function batchGetAlerts(
  table: Table,
  tenantId: string,
  alertIds: readonly string[],
): Promise<AlertState[]> {
  const keys = [...new Set(alertIds)].map((alertId) => ({ pk: partition(tenantId), sk: alertId }));
  return (await readItems(table, keys)).map((item) => states.stateOf<AlertState>(item));
}

export interface AlertFilter {
  /** Absent: those that are so, acknowledged or not. */
  status?: AlertStatus | undefined;
  accept?: (alert: AlertState) => boolean;
  looksAt?: number;
}

/** Alerts that one page looks through for those that are asked for. */
const lookedAt = 1_000;

/**
 * Newest first. `after` of the page before goes on. The index trails the table by a moment. A page may be short, or empty,
 * with more behind it: of a thousand others it is asked for the next one.
 */
export async function listAlerts(
  table: Table,
  tenantId: string,
  { limit, after = states.behindAllIds, status, accept = () => true, looksAt = lookedAt }: PageRequest & AlertFilter,
): Promise<Page<AlertState>> {
  const pk = list(tenantId, status === "resolved" ? "over" : "now");
  const { items, more, lookedTo } = await queryItems(
    table,
    states.queryOf({ index: "gsi1", pk, before: after }, { newestFirst: true }),
    {
      limit,
      looksAt,
      accept: (item) => {
        const state = states.stateOf<AlertState>(item);
        return (status === undefined || state.status === status) && accept(state);
      },
    },
  );
  const last = lookedTo ?? items.at(-1);
  return {
    items: items.map((item) => states.stateOf<AlertState>(item)),
    ...(more && last !== undefined ? { after: String(last["gsi1sk"]) } : {}),
  };
}
