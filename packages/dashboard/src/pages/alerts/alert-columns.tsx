import { termOf, visible } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import type { Column } from "../../ui/table-rows.ts";
import { alertKindNames, alertStatusTerms, severityTerms } from "./alert-terms.ts";
import styles from "./alerts.module.css";
import type { AlertRow } from "./use-alerts.ts";

/** `tenants`: names by id, where the list is of several. */
export function alertColumns(tenants: ReadonlyMap<string, string> | undefined): Column<AlertRow>[] {
  const all: (Column<AlertRow> | undefined)[] = [
    {
      id: "summary",
      header: "What",
      width: 320,
      cell: (row) => <Said>{row.summary}</Said>,
      text: (row) => row.summary,
    },
    {
      id: "severity",
      header: "Severity",
      width: 96,
      cell: (row) => <Status of={termOf(severityTerms, row.severity)} />,
      text: (row) => row.severity,
    },
    {
      id: "status",
      header: "Status",
      width: 190,
      hideBelow: 560,
      cell: (row) => (
        <span className={styles["badges"]}>
          <Status of={termOf(alertStatusTerms, row.status)} />
          {row.escalatedAt === undefined ? null : <Badge tone="bad">escalated</Badge>}
          {row.snoozedUntil === undefined || row.status === "resolved" ? null : <Badge tone="still">snoozed</Badge>}
          {row.suppressedBy === undefined ? null : <Badge tone="still">behind a gateway</Badge>}
        </span>
      ),
      text: (row) => row.status,
    },
    tenants === undefined
      ? undefined
      : {
          id: "tenant",
          header: "Tenant",
          width: 130,
          hideBelow: 480,
          cell: (row) => <Said>{tenants.get(row.tenantId) ?? row.tenantId}</Said>,
          text: (row) => visible(tenants.get(row.tenantId) ?? row.tenantId),
        },
    {
      id: "machine",
      header: "Machine",
      width: 130,
      hideBelow: 720,
      cell: (row) => <Said>{row.node?.name}</Said>,
      text: (row) => row.node?.name ?? "",
    },
    {
      id: "since",
      header: "Since",
      width: 100,
      cell: (row) => <Moment at={row.startsAt} />,
      text: (row) => row.startsAt,
    },
    {
      id: "who",
      header: "Who looks after it",
      width: 150,
      hideBelow: 860,
      cell: (row) => (row.acknowledgedBy === undefined ? null : <Said>{row.acknowledgedBy.name}</Said>),
      text: (row) => row.acknowledgedBy?.name ?? "",
    },
    {
      id: "resolved",
      header: "Over",
      width: 100,
      optional: true,
      cell: (row) => (row.resolvedAt === undefined ? null : <Moment at={row.resolvedAt} />),
      text: (row) => row.resolvedAt ?? "",
    },
    {
      id: "kind",
      header: "Kind",
      width: 110,
      optional: true,
      cell: (row) => alertKindNames[row.kind],
      text: (row) => row.kind,
    },
    {
      id: "openings",
      header: "Times",
      width: 70,
      align: "end",
      optional: true,
      cell: (row) => row.openings,
      text: (row) => row.openings,
    },
    {
      id: "id",
      header: "Id",
      width: 240,
      optional: true,
      cell: (row) => <code>{row.id}</code>,
      text: (row) => row.id,
    },
  ];
  return all.filter((column) => column !== undefined);
}
