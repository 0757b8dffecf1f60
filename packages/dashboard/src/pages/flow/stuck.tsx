import type { CommandStats } from "@steward/contracts/commands";
import { commandRoutes } from "@steward/contracts/routes/commands";
import type { RunStatus } from "@steward/contracts/states";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { keepSample, useSamples } from "../../api/samples.ts";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, runTerms, spanText, termOf } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Icon } from "../../ui/icon.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Panel } from "../../ui/page.tsx";
import { Plot } from "../../ui/plot.tsx";
import { Said } from "../../ui/said.tsx";
import styles from "./flow.module.css";

type Stuck = CommandStats["stuck"][number];

const columns: readonly Column<Stuck>[] = [
  {
    id: "appliance",
    header: "Appliance",
    width: 170,
    cell: ({ applianceName }) => <Said>{applianceName}</Said>,
    text: ({ applianceName }) => applianceName,
  },
  {
    id: "status",
    header: "Status",
    width: 110,
    cell: ({ status }) => <Status of={termOf(runTerms, status)} />,
    text: ({ status }) => status,
  },
  {
    id: "for",
    header: "For",
    width: 70,
    align: "end",
    cell: ({ forSeconds }) => spanText(forSeconds),
    text: ({ forSeconds }) => forSeconds,
  },
  {
    id: "why",
    header: "Why",
    width: 300,
    hideBelow: 520,
    cell: ({ why }) => <Said>{why}</Said>,
    text: ({ why }) => why,
  },
  {
    id: "machine",
    header: "Machine",
    width: 120,
    hideBelow: 700,
    cell: ({ applianceId }) => (
      <Link to="/appliances/$nodeId" params={{ nodeId: applianceId }}>
        See it
      </Link>
    ),
    text: ({ applianceId }) => applianceId,
  },
];

/** What is under way on the appliances, and what is stuck. */
export function UnderWay() {
  const { may, tenantId } = useMe();
  const confirm = useConfirm();
  const asked = useApi(commandRoutes.commandStats, {});
  const name = `runs ${tenantId ?? ""}`;
  const { atMs, values } = useSamples(name);
  const { data, dataUpdatedAt } = asked;
  useEffect(() => {
    if (data === undefined) return;
    const { runs, doorbells, stuck } = data;
    keepSample(name, dataUpdatedAt, {
      waiting: (runs["pending"] ?? 0) + (runs["sent"] ?? 0),
      running: (runs["running"] ?? 0) + (runs["undoing"] ?? 0),
      unreachable: runs["unreachable"] ?? 0,
      rung: doorbells.pull + doorbells.ssm,
      stuck: stuck.length,
    });
  }, [name, data, dataUpdatedAt]);
  const cleanup = useChange(commandRoutes.cleanupCommands, {
    says: ({ tasks, runs }) =>
      tasks.length + runs.length === 0
        ? "Nothing is past its deadline."
        : `Ended ${plural(tasks.length, "task")}; ${plural(runs.length, "run")} being ended.`,
  });
  const askCleanup = async () => {
    const yes = await confirm({
      title: "End what is past its deadline",
      text: "Tasks and runs whose time is over are ended now, instead of within the next minute. What is still in time goes on.",
      verb: "End them",
    });
    if (yes) await cleanup.run({});
  };
  const of = (what: string) => values[what] ?? [];
  return (
    <Panel
      title="On the appliances"
      actions={
        may("operator") ? (
          <Button icon="stop" busy={cleanup.isRunning} onClick={() => void askCleanup()}>
            End what is past its deadline
          </Button>
        ) : undefined
      }
    >
      <Loaded query={asked} rows={5}>
        {(stats) => (
          <div className={styles["stack"]}>
            <div className={styles["two"]}>
              <StatsFacts stats={stats} />
              <Plot
                title="Runs"
                unit=""
                kind="stack"
                height={130}
                atMs={atMs}
                nothing="The first look is on its way."
                series={[
                  { label: "Running", tone: "busy", values: of("running") },
                  { label: "Waiting", tone: "still", values: of("waiting") },
                  { label: "Unreachable", tone: "wait", values: of("unreachable") },
                ]}
              />
            </div>
            {stats.stuck.length === 0 ? (
              <p className={styles["fine"]}>
                <Icon name="check" /> Nothing is stuck.
              </p>
            ) : (
              <section aria-labelledby="stuck">
                <h3 id="stuck">
                  Stuck <Badge tone="bad">{stats.stuck.length}</Badge>
                </h3>
                <DataTable
                  name="stuck runs"
                  columns={columns}
                  rows={stats.stuck}
                  rowId={({ runId }) => runId}
                  rowTo={({ taskId }) => ({ to: "/tasks/$taskId", params: { taskId } }) as never}
                  tools={stats.stuck.length > 6 ? "all" : "none"}
                />
              </section>
            )}
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function StatsFacts({ stats }: { stats: CommandStats }) {
  const { tasks, runs, doorbells, longestRunSeconds, longestWaitSeconds, more } = stats;
  const statuses = Object.entries(runs).filter(([, count]) => count > 0);
  return (
    <Facts
      items={[
        ["Tasks", `${tasks.running}${more ? "+" : ""} running, ${tasks.waitingForApproval} wait for approval`],
        [
          "Runs",
          statuses.length === 0 ? (
            "none"
          ) : (
            <span key="runs" className={styles["badges"]}>
              {statuses.map(([status, count]) => {
                const { text, tone } = termOf(runTerms, status as RunStatus);
                return (
                  <Badge key={status} tone={tone}>
                    {count} {text}
                  </Badge>
                );
              })}
            </span>
          ),
        ],
        longestRunSeconds !== undefined && ["Longest run", spanText(longestRunSeconds)],
        [
          "Called",
          `${doorbells.pull + doorbells.ssm} have not come yet (${doorbells.pull} by their heartbeat, ${doorbells.ssm} by SSM)`,
        ],
        longestWaitSeconds !== undefined && ["Longest wait", spanText(longestWaitSeconds)],
        ["Called again", `${doorbells.again}; ${doorbells.refused} calls not taken by SSM`],
      ]}
    />
  );
}
