import type { CertificateView } from "@steward/contracts/certificate";
import { certificateRoutes } from "@steward/contracts/routes/certificates";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { type Column, DataTable, type TableView } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { SelectField } from "../../ui/fields.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { CertificateDialog } from "./certificate-dialog.tsx";
import { certificateTerm } from "./certificate-terms.ts";
import styles from "./certificates.module.css";
import { overdue } from "./overdue.ts";

const route = getRouteApi("/certificates");

const columns: readonly Column<CertificateView>[] = [
  {
    id: "holder",
    header: "Holder",
    width: 200,
    cell: (one) => <Said>{one.holderName}</Said>,
    text: (one) => one.holderName,
  },
  {
    id: "kind",
    header: "Of a",
    width: 90,
    hideBelow: 480,
    cell: ({ kind }) => (kind === "node" ? "machine" : "person"),
    text: ({ kind }) => (kind === "node" ? "machine" : "person"),
  },
  {
    id: "status",
    header: "Status",
    width: 100,
    cell: (one) => <Status of={certificateTerm(one.status)} />,
    text: (one) => one.status,
  },
  {
    id: "ends",
    header: "Ends",
    width: 110,
    cell: (one) => <Moment at={one.expiresAt} />,
    text: (one) => one.expiresAt,
  },
  {
    id: "issued",
    header: "Issued",
    width: 110,
    hideBelow: 760,
    cell: (one) => <Moment at={one.issuedAt} />,
    text: (one) => one.issuedAt,
  },
  {
    id: "reason",
    header: "Why revoked",
    width: 200,
    hideBelow: 900,
    cell: ({ reason }) => <Said>{reason}</Said>,
    text: ({ reason }) => reason ?? "",
  },
  {
    id: "id",
    header: "Id",
    width: 250,
    hideBelow: 1100,
    cell: ({ id }) => <Said mono>{id}</Said>,
    text: ({ id }) => id,
  },
  {
    id: "serial",
    header: "Serial",
    width: 250,
    optional: true,
    cell: ({ serial }) => <Said mono>{serial}</Said>,
    text: ({ serial }) => serial,
  },
  {
    id: "sha256",
    header: "SHA-256",
    width: 420,
    optional: true,
    cell: ({ fingerprint }) => <Said mono>{fingerprint}</Said>,
    text: ({ fingerprint }) => fingerprint,
  },
];

export function CertificatesPage() {
  return (
    <Page
      title="Certificates"
      wide
      lead="What machines and browsers show to be let in. What is not in this list opens nothing, whoever signed it."
    >
      <ForTenant needs="admin">
        <All />
      </ForTenant>
    </Page>
  );
}

function All() {
  const { of: kind, status, expiring, holder, certificate, q, sort, columns: shown } = route.useSearch();
  const navigate = route.useNavigate();
  const set = useCallback(
    (change: object) =>
      void navigate({
        search: (before) =>
          Object.fromEntries(
            Object.entries({ ...before, ...change }).filter(([, value]) => value !== undefined && value !== ""),
          ),
        replace: true,
      }),
    [navigate],
  );
  const certificates = useApiPages(
    certificateRoutes.listCertificates,
    {
      query: {
        limit: 200,
        ...(expiring === true ? { kind: "node" as const, status: "valid" as const } : { kind, status }),
        ...(holder === undefined ? {} : { holder }),
      },
    },
    { every: "background", keepsLast: true },
  );
  const { hasMore, loadAll } = certificates;
  // It is about days.
  const [openedMs] = useState(() => Date.now());
  // Whether a machine has a newer one is known when all are.
  useEffect(() => {
    if (expiring === true && hasMore) loadAll();
  }, [expiring, hasMore, loadAll]);
  const rows = useMemo(
    () => (expiring === true ? overdue(certificates.items, openedMs) : certificates.items),
    [certificates.items, expiring, openedMs],
  );
  const view = useMemo<TableView>(
    () => ({
      ...(q === undefined ? {} : { q }),
      ...(sort === undefined ? {} : { sort }),
      ...(shown === undefined ? {} : { columns: shown }),
    }),
    [q, sort, shown],
  );
  const onView = useCallback((next: TableView) => set({ q: next.q, sort: next.sort, columns: next.columns }), [set]);
  return (
    <>
      <Panel flush>
        <Loaded query={certificates} rows={10}>
          {() => (
            <DataTable
              name="certificates"
              columns={columns}
              rows={rows}
              rowId={(one) => one.id}
              onOpen={(one) => set({ certificate: one.id })}
              {...(certificate === undefined ? {} : { open: certificate })}
              view={view}
              onView={onView}
              hasMore={hasMore}
              onMore={certificates.loadMore}
              onAll={loadAll}
              toolbar={
                <div className={styles["filters"]}>
                  <SelectField
                    label="Of whom"
                    quietLabel
                    value={expiring === true ? "expiring" : (kind ?? "")}
                    onChange={(value) =>
                      set(
                        value === "expiring"
                          ? { expiring: true, of: undefined, status: undefined }
                          : { of: value, expiring: undefined },
                      )
                    }
                    options={[
                      { value: "", label: "Machines and people" },
                      { value: "node", label: "Machines" },
                      { value: "user", label: "People" },
                      { value: "expiring", label: "Machines that do not renew" },
                    ]}
                  />
                  {expiring !== true && (
                    <SelectField
                      label="Status"
                      quietLabel
                      value={status ?? ""}
                      onChange={(value) => set({ status: value })}
                      options={[
                        { value: "", label: "Any status" },
                        { value: "valid", label: "Valid" },
                        { value: "expired", label: "Expired" },
                        { value: "revoked", label: "Revoked" },
                      ]}
                    />
                  )}
                  {holder !== undefined && (
                    <Button icon="close" onClick={() => set({ holder: undefined })}>
                      Of one holder
                    </Button>
                  )}
                </div>
              }
              empty={
                expiring === true ? (
                  <Empty title="Every machine has renewed in time">
                    A machine renews its certificate ten days before the end, by itself.
                  </Empty>
                ) : (
                  <Empty title="No certificates like that">
                    A machine gets one when it enrols; a person makes one for a browser, as below.
                  </Empty>
                )
              }
            />
          )}
        </Loaded>
      </Panel>
      <Panel title="One for your own browser" note="Good for 90 days, for who signs in by a link">
        <div className={styles["own"]}>
          <p>
            It is made where its key is: on your machine. The file goes into your browser, behind a passphrase; then
            open <code>/certificate</code> here, and you are signed in.
          </p>
          <Copy text="steward cert issue --user" label="Copy the command" />
        </div>
      </Panel>
      {certificate !== undefined && (
        <CertificateDialog certificateId={certificate} onClose={() => set({ certificate: undefined })} />
      )}
    </>
  );
}
