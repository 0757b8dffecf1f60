import { tenantRoutes } from "@steward/contracts/routes/tenants";
import { taskRoutes } from "@steward/contracts/routes/tasks";
import type { TenantView } from "@steward/contracts/tenant";
import { getRouteApi } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { termOf } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import { CreateTenantDialog } from "./create-tenant-dialog.tsx";
import { Escalations } from "./escalations.tsx";
import type { TenantsTab } from "./route.ts";
import { tenantTerms } from "./tenant-words.ts";

const route = getRouteApi("/tenants");

/** The customers, and which of their requests wait for the provider's staff. */
export function TenantsPage() {
  const me = useMe();
  const { tab = "tenants" } = route.useSearch();
  const navigate = route.useNavigate();
  const [isMaking, setMaking] = useState(false);
  const asked = useApiPages(
    taskRoutes.listEscalations,
    { query: { limit: 50 } },
    { every: tab === "asked" ? "watched" : "background", enabled: me.isStaff },
  );
  const mayCreate = me.mayStaff("admin");
  return (
    <Page
      title="Tenants"
      lead={
        me.isStaff
          ? "The organisations whose fleets this installation runs. Each sees only what is its own."
          : "The organisations that you have a role in."
      }
      actions={
        mayCreate ? (
          <Button tone="primary" icon="add" onClick={() => setMaking(true)}>
            New tenant
          </Button>
        ) : null
      }
    >
      {me.isStaff ? (
        <Tabs<TenantsTab>
          label="Tenants"
          value={tab}
          onChange={(next) =>
            void navigate({ search: (before) => ({ ...before, tab: next === "tenants" ? undefined : next }) })
          }
          tabs={[
            { id: "tenants", label: "All tenants" },
            { id: "asked", label: "Waiting for you", count: asked.data?.length },
          ]}
        >
          {tab === "asked" ? <Escalations asked={asked} /> : <TenantsTable />}
        </Tabs>
      ) : (
        <TenantsTable />
      )}
      {isMaking ? <CreateTenantDialog onClose={() => setMaking(false)} /> : null}
    </Page>
  );
}

function TenantsTable() {
  const me = useMe();
  const tenants = useApiPages(tenantRoutes.listTenants, { query: { limit: 200 } }, { every: "background" });
  const { hasMore, loadAll } = tenants;
  useEffect(() => {
    if (hasMore) loadAll();
  }, [hasMore, loadAll]);
  return (
    <Panel flush>
      <Loaded
        query={tenants}
        rows={8}
        empty={(items) => items.length === 0}
        emptyState={
          <Empty title="There is no tenant yet">
            <p>A tenant is a customer’s organisation: its people, its appliances, its rules. On a terminal:</p>
            <Copy
              text={'steward tenant create "Jones & Sons" --admin "Ada Jones" --email ada@example.org'}
              label="Copy the command"
            />
          </Empty>
        }
      >
        {(items) => (
          <DataTable
            name="tenants"
            columns={columns}
            rows={items}
            rowId={({ id }) => id}
            rowTo={({ id }) => ({ to: "/tenants/$tenantId", params: { tenantId: id } })}
            empty={me.isStaff ? "No tenant is called so." : "You have no role in a tenant that is called so."}
          />
        )}
      </Loaded>
    </Panel>
  );
}

const columns: Column<TenantView>[] = [
  {
    id: "name",
    header: "Name",
    text: ({ name }) => name,
    cell: ({ name }) => <Said>{name}</Said>,
  },
  {
    id: "status",
    header: "State",
    width: 210,
    text: ({ status }) => termOf(tenantTerms, status).text,
    cell: ({ status }) => <Status of={termOf(tenantTerms, status)} />,
  },
  {
    id: "why",
    header: "Why",
    text: ({ suspendedReason = "", deleteAfter = "" }) => suspendedReason || deleteAfter,
    cell: ({ suspendedReason, deleteAfter }) =>
      deleteAfter === undefined ? (
        <Said>{suspendedReason}</Said>
      ) : (
        <>
          removed <Moment at={deleteAfter} />
        </>
      ),
    hideBelow: 900,
  },
  {
    id: "created",
    header: "Since",
    width: 130,
    text: ({ createdAt }) => createdAt,
    cell: ({ createdAt }) => <Moment at={createdAt} />,
    hideBelow: 600,
  },
  { id: "id", header: "Id", text: ({ id }) => id, cell: ({ id }) => <Said mono>{id}</Said>, hideBelow: 1000 },
];
