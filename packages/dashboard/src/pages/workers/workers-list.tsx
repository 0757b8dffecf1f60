import { providerTenantId } from "@steward/contracts/ids";
import type { NodeView } from "@steward/contracts/node";
import type { QueueStatus } from "@steward/contracts/queues";
import { nodeRoutes } from "@steward/contracts/routes/nodes";
import { useMemo } from "react";
import { useApiPages } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { healthTerms, termOf } from "../../text.ts";
import { Badge, Status } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Said } from "../../ui/said.tsx";
import { Slots } from "./slots.tsx";
import { gpusText, pullingText, slotsOf, slotsWords, standing } from "./work-text.ts";
import styles from "./workers.module.css";

type Worker = QueueStatus["workers"][number];
/** With what staff may know of the machine. Those that were never heard of have no slots yet. */
interface Known extends Worker {
  node?: NodeView | undefined;
}

const columns: readonly Column<Known>[] = [
  { id: "worker", header: "Worker", width: 140, cell: ({ name }) => <Said>{name}</Said>, text: ({ name }) => name },
  {
    id: "health",
    header: "Health",
    width: 110,
    cell: (worker) => {
      const stands = standing({ confirmed: true, ...worker.node, draining: worker.draining });
      return (
        <>
          <Status of={termOf(healthTerms, worker.health)} />
          {stands === undefined ? null : <Badge tone={stands.tone}>{stands.text}</Badge>}
        </>
      );
    },
    text: (worker) => worker.health + (worker.draining === true ? " draining" : ""),
  },
  {
    id: "slots",
    header: "Slots",
    width: 120,
    cell: (worker) => (
      <>
        <Slots {...slotsOf(worker)} />
        <span className={styles["soft"]}>
          {worker.used}/{worker.slots}
        </span>
      </>
    ),
    text: (worker) => slotsWords(slotsOf(worker)),
  },
  {
    id: "models",
    header: "Models",
    width: 240,
    hideBelow: 560,
    cell: ({ models, pulling }) => (
      <span>
        {models.map((model, at) => (
          <span key={model}>
            {at > 0 ? ", " : ""}
            <Said mono>{model}</Said>
          </span>
        ))}
        {pulling === undefined ? null : (
          <>
            {models.length > 0 ? ", " : ""}
            <Badge tone={pulling.problem === undefined ? "busy" : "bad"}>{pullingText(pulling)}</Badge>
          </>
        )}
        {models.length === 0 && pulling === undefined ? <span className={styles["soft"]}>none yet</span> : null}
      </span>
    ),
    text: ({ models, pulling }) => [...models, ...(pulling === undefined ? [] : [pullingText(pulling)])].join(", "),
  },
];
const staffColumns: readonly Column<Known>[] = [
  ...columns,
  {
    id: "gpu",
    header: "GPU",
    width: 150,
    hideBelow: 900,
    cell: ({ node }) =>
      node?.gpus === undefined || node.gpus.length === 0 ? (
        <span className={styles["soft"]}>none seen</span>
      ) : (
        gpusText(node.gpus)
      ),
    text: ({ node }) => gpusText(node?.gpus),
  },
  {
    id: "cpu",
    header: "CPU",
    width: 70,
    align: "end",
    hideBelow: 760,
    cell: ({ node }) => percent(node?.metrics?.cpuPercent),
    text: ({ node }) => node?.metrics?.cpuPercent ?? "",
  },
  {
    id: "memory",
    header: "Memory",
    width: 80,
    align: "end",
    hideBelow: 760,
    cell: ({ node }) => percent(node?.metrics?.memoryPercent),
    text: ({ node }) => node?.metrics?.memoryPercent ?? "",
  },
  {
    id: "disk",
    header: "Disk",
    width: 70,
    align: "end",
    optional: true,
    cell: ({ node }) => percent(node?.metrics?.diskPercent),
    text: ({ node }) => node?.metrics?.diskPercent ?? "",
  },
  {
    id: "build",
    header: "Build",
    width: 80,
    hideBelow: 1000,
    cell: ({ node }) => <Said>{node?.agentVersion}</Said>,
    text: ({ node }) => node?.agentVersion ?? "",
  },
  {
    id: "tags",
    header: "Tags",
    width: 160,
    optional: true,
    cell: ({ node }) => node?.tags.join(" "),
    text: ({ node }) => node?.tags.join(" ") ?? "",
  },
];

function percent(value: number | undefined): string {
  return value === undefined ? "" : `${Math.round(value)} %`;
}

/** Every worker with its slots. Staff sees the machines behind them, also those that were never heard of. */
export function WorkersList({ status }: { status: QueueStatus }) {
  const { isStaff, mayStaff } = useMe();
  const machines = useApiPages(
    nodeRoutes.listNodes,
    { query: { kind: "worker", limit: 200 } },
    {
      enabled: isStaff,
      every: "background",
      inTenant: providerTenantId,
    },
  );
  const rows = useMemo<Known[]>(() => {
    const nodes = new Map(machines.items.map((node) => [node.id as string, node]));
    const live = status.workers.map((worker): Known => ({ ...worker, node: nodes.get(worker.id) }));
    const seen = new Set(live.map(({ id }) => id));
    const others = machines.items
      .filter(({ id }) => !seen.has(id))
      .map((node): Known => {
        const { slots, used } = node.capacity ?? { slots: 0, used: 0 };
        return {
          id: node.id,
          name: node.name,
          health: node.health,
          slots,
          used,
          free: 0,
          models: node.models ?? [],
          node,
        };
      });
    return [...live, ...others];
  }, [status.workers, machines.items]);
  return (
    <DataTable
      name="workers"
      columns={isStaff ? staffColumns : columns}
      rows={rows}
      rowId={({ id }) => id}
      {...(isStaff
        ? { rowTo: ({ id }: Known) => ({ to: "/workers/$nodeId" as const, params: { nodeId: id } }) as never }
        : {})}
      tools={rows.length > 8 ? "all" : "none"}
      empty={
        <Empty title="No workers">
          <p>
            A worker is a machine with a GPU that runs models. Until one is there, what the matcher does not understand
            goes to Claude, or fails at once without a key.
          </p>
          {mayStaff("admin") ? <Copy text="steward workers enroll <name>" /> : null}
        </Empty>
      }
    />
  );
}
