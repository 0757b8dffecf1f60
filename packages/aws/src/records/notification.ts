import type { NotificationState } from "@steward/core/notification/notification-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/** A tenant's receivers. One that was removed stays, so that what was sent there can be told. */
const partition = (tenantId: string) => `T#${tenantId}#NOTIFICATION`;

const itemOf = (state: NotificationState) => ({
  pk: partition(state.tenantId),
  sk: state.notificationId,
  ...states.stateItem(state),
});

export const createNotification = (state: NotificationState): Write => createItem("notification", itemOf(state));
export const replaceNotification = (previous: NotificationState, next: NotificationState): Write =>
  states.replaceState("notification", itemOf(next), previous, next);

export async function getNotification(
  table: Table,
  key: { tenantId: string; notificationId: string },
): Promise<NotificationState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.notificationId });
}

/** All of the tenant's, also removed ones; strongly consistent: who was removed is told nothing more. */
export async function listNotifications(table: Table, tenantId: string): Promise<NotificationState[]> {
  const { items } = await queryItems(table, states.queryOf({ pk: partition(tenantId) }, { consistent: true }));
  return items.map((item) => states.stateOf<NotificationState>(item));
}
