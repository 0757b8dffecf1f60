import type { TenantState } from "@steward/core/tenant/tenant-state";
import { Entity } from "electrodb";
import { queryItems, type Table, type Write } from "../table.ts";
import * as states from "./state.ts";

const tenant = new Entity({
  model: states.model("tenant"),
  attributes: { tenantId: { type: "string", required: true }, ...states.stateAttributes() },
  indexes: {
    primary: states.primary(
      { composite: ["tenantId"], template: "T#${tenantId}#TENANT" },
      { composite: [], template: "TENANT" },
    ),
    all: {
      index: "gsi1",
      pk: { field: "gsi1pk", composite: [], template: "SYS#TENANTS", casing: "none" },
      sk: { field: "gsi1sk", composite: ["tenantId"], template: "${tenantId}", casing: "none" },
    },
    due: states.dueIndex,
  },
});

const put = (state: TenantState) =>
  tenant.put({
    tenantId: state.tenantId,
    ...states.stateItem(state, { type: "tenant", tenantId: state.tenantId, id: state.tenantId }),
  });

export const createTenant = (state: TenantState): Write => states.createState("tenant", put(state));

export async function getTenant(table: Table, tenantId: string): Promise<TenantState | undefined> {
  return states.readState(table, tenant.get({ tenantId }));
}

/** All tenants, for the provider's staff. From an index: trails the table by a moment. */
export async function listTenants(table: Table): Promise<TenantState[]> {
  const { items } = await queryItems(table, states.queryOf(tenant.query.all({})));
  return items.map((item) => states.stateOf<TenantState>(item));
}
