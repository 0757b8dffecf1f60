import type { ScheduleState } from "@steward/core/schedule/schedule-state";
import { createItem, type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import { sortable } from "./due.ts";
import * as states from "./state.ts";

const partition = (tenantId: string) => `T#${tenantId}#SCHEDULE`;

/**
 * Schedules that somebody has to look at, of all tenants, by when. Apart from the index `due`: what is late there is
 * mended by the reconciler, and what is due here is done by somebody with other rights.
 */
const duePartition = "SYS#SCHEDULES";

const keyOf = (state: { tenantId: string; scheduleId: string }) => ({
  pk: partition(state.tenantId),
  sk: state.scheduleId,
});

/** Paused, removed, or without a next time: in no index. */
const itemOf = (state: ScheduleState) => ({
  ...keyOf(state),
  ...(state.lookAtMs === undefined
    ? {}
    : { gsi1pk: duePartition, gsi1sk: `${sortable(state.lookAtMs)}#${state.tenantId}#${state.scheduleId}` }),
  version: state.version,
  state,
});

/** Of two that are made under one name at the same time, whose id is the same, one is refused. */
export const createSchedule = (state: ScheduleState): Write => createItem("schedule", itemOf(state));

/**
 * The next version, if nobody else was first. What makes a due time be acted upon once: the task and this write are one
 * transaction.
 *
 *     scheduler A   read v3 ── plan ── commit task and v4 ✓
 *     scheduler B   read v3 ───── plan ──────────────── commit task and v4 ✗ conflict: reads v4, due time is done
 */
export const replaceSchedule = (previous: ScheduleState, next: ScheduleState): Write =>
  states.replaceState("schedule", itemOf(next), previous, next);

export async function getSchedule(
  table: Table,
  key: { tenantId: string; scheduleId: string },
): Promise<ScheduleState | undefined> {
  return states.readState(table, keyOf(key));
}

/** A tenant's schedules by id, with those that were removed. */
export async function listSchedules(
  table: Table,
  tenantId: string,
  { limit, after = states.beforeAllIds }: PageRequest,
): Promise<Page<ScheduleState>> {
  const { items, more } = await queryItems(
    table,
    states.queryOf({ pk: partition(tenantId), behind: after }, { consistent: true }),
    { limit },
  );
  return states.pageOf(
    items.map((item) => states.stateOf<ScheduleState>(item)),
    more,
    (state) => state.scheduleId,
  );
}

export interface DueSchedule {
  tenantId: string;
  scheduleId: string;
  lookAtMs: number;
}

/** Whom to look at by `nowMs`, the longest waiting first. The index trails the table by a moment. */
export async function listDueSchedules(table: Table, nowMs: number, limit: number): Promise<DueSchedule[]> {
  const { items } = await queryItems(
    table,
    // The place says all: what the schedules are is read when they have their turn.
    {
      ...states.queryOf({ index: "gsi1", pk: duePartition, before: sortable(nowMs + 1) }),
      ProjectionExpression: "#sk",
    },
    { limit },
  );
  return items.map((item) => {
    const [lookAtMs, tenantId = "", scheduleId = ""] = String(item["gsi1sk"]).split("#");
    return { tenantId, scheduleId, lookAtMs: Number(lookAtMs) };
  });
}
