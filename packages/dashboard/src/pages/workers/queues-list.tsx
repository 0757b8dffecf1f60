import { type QueueName, queueDefinitions } from "@steward/contracts/names";
import type { QueueStatus } from "@steward/contracts/queues";
import { queueTitle } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { secondsText } from "./work-text.ts";
import styles from "./workers.module.css";

type Queue = QueueStatus["queues"][number];

function limitOf(name: string): number | undefined {
  return (queueDefinitions as Partial<Record<string, { ageSloSeconds: number }>>)[name as QueueName]?.ageSloSeconds;
}

const columns: readonly Column<Queue>[] = [
  { id: "queue", header: "Queue", width: 120, cell: ({ name }) => queueTitle(name), text: ({ name }) => name },
  {
    id: "queued",
    header: "Queued",
    width: 70,
    align: "end",
    cell: ({ queued }) => queued,
    text: ({ queued }) => queued,
  },
  {
    id: "inFlight",
    header: "In flight",
    width: 70,
    align: "end",
    hideBelow: 420,
    cell: ({ inFlight }) => inFlight,
    text: ({ inFlight }) => inFlight,
  },
  {
    id: "oldest",
    header: "Oldest",
    width: 90,
    align: "end",
    hideBelow: 420,
    cell: ({ name, oldestQueuedSeconds }) => {
      if (oldestQueuedSeconds === undefined) return <span className={styles["soft"]}>–</span>;
      const limit = limitOf(name);
      const late = limit !== undefined && oldestQueuedSeconds > limit;
      return late ? (
        <Badge tone="bad">
          {secondsText(oldestQueuedSeconds)}, above {secondsText(limit)}
        </Badge>
      ) : (
        secondsText(oldestQueuedSeconds)
      );
    },
    text: ({ oldestQueuedSeconds }) => oldestQueuedSeconds ?? "",
  },
  {
    id: "alarm",
    header: "Alarm above",
    width: 90,
    align: "end",
    hideBelow: 640,
    cell: ({ name }) => <span className={styles["soft"]}>{secondsText(limitOf(name))}</span>,
    text: ({ name }) => limitOf(name) ?? "",
  },
  {
    id: "dead",
    header: "Dead letters",
    width: 105,
    align: "end",
    cell: ({ deadLetters }) =>
      deadLetters === 0 ? <span className={styles["soft"]}>0</span> : <Badge tone="bad">{deadLetters}</Badge>,
    text: ({ deadLetters }) => deadLetters,
  },
];

/** Every queue, and what nobody could work on. */
export function QueuesList({ queues }: { queues: QueueStatus["queues"] }) {
  return (
    <DataTable
      name="queues"
      columns={columns}
      rows={queues}
      rowId={({ name }) => name}
      rowTo={({ name }) => ({ to: "/queues/$queue", params: { queue: name } }) as never}
      tools="none"
    />
  );
}
