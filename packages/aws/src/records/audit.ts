import type { AuditEntry } from "@steward/core/tenant/tenant-state";
import { Entity } from "electrodb";
import { createItem, type Item, type Page, type PageRequest, queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

/* Append-only: there is no way here to change or to remove an entry. */

const audit = new Entity({
  model: states.model("audit"),
  attributes: {
    v: { type: "number", required: true },
    tenantId: { type: "string", required: true },
    auditId: { type: "string", required: true },
    atMs: { type: "number", required: true },
    who: { type: "string", required: true },
    what: { type: "string", required: true },
    record: { type: "string", required: true },
    before: { type: "string" },
    after: { type: "string" },
    requestId: { type: "string" },
  },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId"], template: "T#${tenantId}#AUDIT" },
      { composite: ["auditId"], template: "${auditId}" },
    ),
  },
});

/** To be committed with the change that it tells of. */
export const appendAudit = (entry: AuditEntry): Write =>
  createItem("audit entry", states.itemOf(audit.put({ ...entry })));

/** One page of the tenant's trail, newest first, strongly consistent. */
export async function listAudit(
  table: Table,
  tenantId: string,
  { limit, after = states.behindAllIds }: PageRequest,
): Promise<Page<AuditEntry>> {
  const query = audit.query.primary({ tenantId }).lt({ auditId: after });
  const { items, more } = await queryItems(table, states.queryOf(query, { newestFirst: true, consistent: true }), {
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
