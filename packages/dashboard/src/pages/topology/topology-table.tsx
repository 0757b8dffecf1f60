import type { Health } from "@steward/contracts/heartbeat";
import { type ReactNode, useMemo } from "react";
import { totalOf } from "../../fleet/fleet-dot.ts";
import type { FleetGroup } from "../../fleet/group-fleet.ts";
import { healthTerms } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";

/** Where there is room for some only, those that somebody should look at. */
const worstFirst: readonly Health[] = ["critical", "offline", "warning", "healthy"];

function columnsOf(what: string): Column<FleetGroup>[] {
  return [
    { id: "where", header: what, width: 150, cell: ({ label }) => <Said>{label}</Said>, text: ({ label }) => label },
    {
      id: "machines",
      header: "Machines",
      width: 90,
      align: "end",
      cell: ({ counts }) => totalOf(counts),
      text: ({ counts }) => totalOf(counts),
    },
    ...worstFirst.map(
      (level): Column<FleetGroup> => ({
        id: level,
        header: healthTerms[level].text,
        width: 84,
        cell: ({ counts }) => countOf(level, counts[level]),
        text: ({ counts }) => counts[level],
        ...(level === "healthy" ? { hideBelow: 560 } : {}),
      }),
    ),
  ];
}

function countOf(level: Health, count: number): ReactNode {
  return count === 0 || level === "healthy" ? count : <Badge tone={healthTerms[level].tone}>{count}</Badge>;
}

/** The same in rows: for whoever reads better than looks, and to take along. */
export function TopologyTable({
  groups,
  what,
  listOf,
}: {
  groups: readonly FleetGroup[];
  what: string;
  listOf: (group: string) => object | undefined;
}) {
  const columns = useMemo(() => columnsOf(what), [what]);
  return (
    <Panel flush title="Machines by group">
      <DataTable
        name="groups"
        columns={columns}
        rows={groups}
        rowId={({ key }) => `group:${key}`}
        rowTo={({ key }) => ({ to: "/appliances", search: (listOf(key) ?? {}) as never })}
        empty="No machine has enrolled yet."
      />
    </Panel>
  );
}
