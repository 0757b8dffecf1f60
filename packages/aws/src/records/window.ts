import type { WindowState } from "@steward/core/gate/window-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/** A tenant's maintenance windows and blackouts. */
const partition = (tenantId: string) => `T#${tenantId}#WINDOW`;

const itemOf = (state: WindowState) => ({
  pk: partition(state.tenantId),
  sk: state.windowId,
  ...states.stateItem(state),
});

export const createWindow = (state: WindowState): Write => createItem("window", itemOf(state));
export const replaceWindow = (previous: WindowState, next: WindowState): Write =>
  states.replaceState("window", itemOf(next), previous, next);

export async function getWindow(
  table: Table,
  key: { tenantId: string; windowId: string },
): Promise<WindowState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.windowId });
}

/** Those that nobody has removed. Strongly consistent: a window holds from the moment that it was answered. */
export async function listWindows(table: Table, tenantId: string): Promise<WindowState[]> {
  const { items } = await queryItems(table, states.queryOf({ pk: partition(tenantId) }, { consistent: true }));
  return items.map((item) => states.stateOf<WindowState>(item)).filter((state) => state.endedAtMs === undefined);
}
