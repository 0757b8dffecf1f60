import type { AuditEntryView } from "@steward/contracts/audit";
import { verbOf } from "../../audit/record-link.ts";
import { Badge } from "../../ui/badge.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";

type Names = ReadonlyMap<string, string>;

export function auditColumns(names: Names): readonly Column<AuditEntryView>[] {
  return [
    { id: "when", header: "When", text: ({ at }) => at, cell: ({ at }) => <Moment at={at} />, width: 96 },
    {
      id: "what",
      header: "What",
      text: ({ what, count }) => `${what}${count === undefined ? "" : ` ×${count}`}`,
      cell: ({ what, count }) => {
        const { text, wasRefused } = verbOf(what);
        const words = <Said>{`${text}${count === undefined ? "" : ` ×${count}`}`}</Said>;
        return wasRefused ? <Badge tone="bad">{words}</Badge> : words;
      },
      width: 190,
    },
    {
      id: "who",
      header: "Who",
      text: ({ who }) => [names.get(who), who].filter(Boolean).join(" "),
      cell: ({ who }) => <Who id={who} names={names} />,
      width: 150,
    },
    {
      id: "record",
      header: "Record",
      text: ({ record }) => record,
      cell: ({ record }) => <Said mono>{record}</Said>,
      width: 270,
      hideBelow: 620,
    },
    {
      id: "request",
      header: "Request",
      text: ({ requestId }) => requestId ?? "",
      cell: ({ requestId }) => <Said mono>{requestId?.slice(0, 12) ?? ""}</Said>,
      width: 130,
      hideBelow: 900,
    },
    {
      id: "seal",
      header: "Seal",
      text: ({ seal }) => seal ?? 0,
      cell: ({ seal }) => (seal === undefined ? <Badge tone="wait">waits</Badge> : seal),
      width: 80,
      align: "end",
      hideBelow: 760,
    },
  ];
}

export function Who({ id, names }: { id: string; names: Names }) {
  const name = names.get(id);
  return name === undefined ? <Said mono>{id}</Said> : <Said>{name}</Said>;
}
