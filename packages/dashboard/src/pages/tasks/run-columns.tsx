import type { RunView } from "@steward/contracts/run";
import { runTerms, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import type { Column } from "../../ui/data-table.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Said } from "../../ui/said.tsx";
import { changedIn, outcomeText, ranMs } from "./run-text.ts";
import { msText } from "./timeline.ts";

export const runColumns: readonly Column<RunView>[] = [
  {
    id: "appliance",
    header: "Appliance",
    width: 200,
    cell: (run) => <Said>{run.applianceName}</Said>,
    text: (run) => visible(run.applianceName),
  },
  {
    id: "status",
    header: "Status",
    width: 130,
    cell: (run) => <Status of={termOf(runTerms, run.status)} />,
    text: (run) => termOf(runTerms, run.status).text,
  },
  {
    id: "wave",
    header: "Wave",
    width: 70,
    align: "end",
    hideBelow: 520,
    cell: (run) => run.wave,
    text: (run) => run.wave,
  },
  {
    id: "outcome",
    header: "Outcome",
    width: 300,
    hideBelow: 620,
    cell: (run) => <Said>{outcomeText(run)}</Said>,
    text: (run) => visible(outcomeText(run)),
  },
  {
    id: "took",
    header: "Took",
    width: 80,
    align: "end",
    hideBelow: 420,
    cell: (run) => {
      const ms = ranMs(run, Date.now());
      return ms === undefined ? "" : msText(ms);
    },
    text: (run) => ranMs(run, Date.now()) ?? -1,
  },
  {
    id: "started",
    header: "Started",
    width: 110,
    align: "end",
    hideBelow: 760,
    cell: (run) => (run.startedAt === undefined ? "" : <Moment at={run.startedAt} />),
    text: (run) => run.startedAt ?? "",
  },
  { id: "changed", header: "Changed", width: 90, align: "end", optional: true, cell: changedIn, text: changedIn },
  {
    id: "attempt",
    header: "Attempt",
    width: 80,
    align: "end",
    optional: true,
    cell: (run) => run.attempt,
    text: (run) => run.attempt,
  },
  {
    id: "executor",
    header: "Executor",
    width: 100,
    optional: true,
    cell: (run) => run.executor ?? "",
    text: (run) => run.executor ?? "",
  },
  { id: "id", header: "Run", width: 280, optional: true, cell: (run) => <code>{run.id}</code>, text: (run) => run.id },
];
