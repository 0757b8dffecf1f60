import type { NoticeState } from "@steward/core/notification/notification-state";
import { createItem, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const partition = (tenantId: string) => `T#${tenantId}#NOTICE`;
/** How long one can be seen after its end. */
const keptMs = 30 * 86_400_000;

const itemOf = (state: NoticeState) => ({
  pk: partition(state.tenantId),
  sk: state.noticeId,
  ...states.stateItem(state, { type: "notice", tenantId: state.tenantId, id: state.noticeId }),
  ...(state.endedAtMs === undefined ? {} : { expiresAtS: states.ttl(state.endedAtMs + keptMs) }),
});

/** In the transaction of what it tells of. */
export const createNotice = (state: NoticeState): Write => createItem("notice", itemOf(state));
/** Of two who take one to send it, or who report how it went, the second one's version is no longer there. */
export const replaceNotice = (previous: NoticeState, next: NoticeState): Write =>
  states.replaceState("notice", itemOf(next), previous, next);

export async function getNotice(
  table: Table,
  key: { tenantId: string; noticeId: string },
): Promise<NoticeState | undefined> {
  return states.readState(table, { pk: partition(key.tenantId), sk: key.noticeId });
}

/** The tenant's newest notices, newest first. */
export async function listNotices(table: Table, tenantId: string, limit: number): Promise<NoticeState[]> {
  const { items } = await queryItems(
    table,
    states.queryOf({ pk: partition(tenantId) }, { newestFirst: true, consistent: true }),
    { limit },
  );
  return items.map((item) => states.stateOf<NoticeState>(item));
}
