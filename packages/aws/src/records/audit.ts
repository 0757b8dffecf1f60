import type { AuditEntry } from "@steward/core/tenant/tenant-state";
import { createItem, type Item, type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/* Append-only: there is no way here to change or to remove an entry. */

const partition = (tenantId: string) => `T#${tenantId}#AUDIT`;

/** To be committed with the change that it tells of. */
export const appendAudit = (entry: AuditEntry): Write =>
  createItem("audit entry", { pk: partition(entry.tenantId), sk: entry.auditId, ...entry });

/** One page of the tenant's trail, newest first, strongly consistent. */
export async function listAudit(
  table: Table,
  tenantId: string,
  { limit, after = states.behindAllIds }: PageRequest,
): Promise<Page<AuditEntry>> {
  const place = { pk: partition(tenantId), before: after };
  const { items, more } = await queryItems(table, states.queryOf(place, { newestFirst: true, consistent: true }), {
    limit,
  });
  return states.pageOf(items.map(entryOf), more, (entry) => entry.auditId);
}

function entryOf(item: Item): AuditEntry {
  const { tenantId, auditId, atMs, who, what, record } = item;
  const optional = (name: "before" | "after" | "requestId") =>
    typeof item[name] === "string" ? { [name]: item[name] } : {};
  return {
    v: 1,
    tenantId: String(tenantId),
    auditId: String(auditId),
    atMs: Number(atMs),
    who: String(who),
    what: String(what),
    record: String(record),
    ...optional("before"),
    ...optional("after"),
    ...optional("requestId"),
  };
}
