import { auditRoutes } from "@steward/contracts/routes/audit";
import { getRouteApi } from "@tanstack/react-router";
import { lazy, Suspense, useMemo } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useNames } from "../../people/person.tsx";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded, Skeleton } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { auditColumns } from "./audit-columns.tsx";
import { AuditFilterFields } from "./audit-filters.tsx";
import styles from "./audit.module.css";
import { EntryDialog } from "./entry-dialog.tsx";
import { ExportMenu } from "./export-menu.tsx";
import { type AuditFilters, filtersOf } from "./route.ts";

const route = getRouteApi("/audit");
const VerifyPanel = lazy(async () => ({ default: (await import("./verify-panel.tsx")).VerifyPanel }));

export function AuditPage() {
  const search = route.useSearch();
  const { entry: openId, verify } = search;
  const filters = filtersOf(search);
  const navigate = route.useNavigate();
  const { may, tenantId } = useMe();
  const trail = useApiPages(
    auditRoutes.listAudit,
    { query: { limit: 100, ...filters } },
    { every: "background", keepsLast: true },
  );
  const names = useNames();
  const columns = useMemo(() => auditColumns(names), [names]);
  const set = (next: AuditFilters) =>
    void navigate({
      // Only what the page itself knows is replaced: whose page it is stays in the address.
      search: (before) => ({
        ...Object.fromEntries(Object.entries(before).filter(([name]) => name === "tenant" || name === "verify")),
        ...next,
      }),
      replace: true,
    });
  const show = (id: string | undefined) =>
    void navigate({
      search: ({ entry: _entry, ...before }) => ({ ...before, ...(id === undefined ? {} : { entry: id }) }),
    });
  const open = trail.items.find(({ id }) => id === openId);
  const hasFilters = Object.keys(filters).length > 0;
  return (
    <Page
      title="Audit"
      lead="Who did what, on which record, and whether it is still as it was written: entries are sealed within about a minute, and seals are a chain that nobody can change unseen."
      wide
      actions={
        tenantId === undefined || !may("admin") ? undefined : (
          <>
            <ExportMenu filters={filters} />
            <Button
              icon="check"
              tone="primary"
              onClick={() => void navigate({ search: (before) => ({ ...before, verify: true }) })}
            >
              Verify the trail
            </Button>
          </>
        )
      }
    >
      {verify === true && tenantId !== undefined && (
        <Suspense fallback={<Skeleton rows={3} />}>
          <VerifyPanel
            key={tenantId}
            tenantId={tenantId}
            onClose={() => void navigate({ search: ({ verify: _verify, ...before }) => before })}
            onEntry={(id) => set({ ...filters, entry: id } as AuditFilters)}
          />
        </Suspense>
      )}
      <AuditFilterFields filters={filters} onChange={set} names={names} />
      <Panel flush>
        <Loaded query={trail} rows={12}>
          {(items) => (
            <DataTable
              name="audit entries"
              columns={columns}
              rows={items}
              rowId={({ id }) => id}
              onOpen={({ id }) => show(id)}
              {...(openId === undefined ? {} : { open: openId })}
              hasMore={trail.hasMore}
              onMore={trail.loadMore}
              onAll={trail.loadAll}
              empty={
                <Empty
                  title={hasFilters ? "No entry is like that" : "Nothing was done yet"}
                  action={hasFilters ? <Button onClick={() => set({})}>Without filters</Button> : undefined}
                >
                  {hasFilters
                    ? "Names are ids here: per_… of a person, tok_… of a token, steward:… of a part of Steward."
                    : "Whatever somebody does stands here, with what it was done to."}
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
      {openId !== undefined && (
        <EntryDialog
          id={openId}
          entry={open}
          isLoading={trail.isPending}
          names={names}
          onClose={() => show(undefined)}
          onRequest={(request) => set({ request })}
        />
      )}
      <p className={styles["soft"]}>
        The same on a command line: <code>steward audit ls</code>, <code>steward audit verify</code>.
      </p>
    </Page>
  );
}
