import type { DeliveryView, NotificationView } from "@steward/contracts/notification";
import { notificationRoutes } from "@steward/contracts/routes/notifications";
import { Link } from "@tanstack/react-router";
import { useApi } from "../../api/use-api.ts";
import { type Term, termOf, visible } from "../../text.ts";
import { Status } from "../../ui/badge.tsx";
import { IconButton } from "../../ui/button.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { eventText } from "./receiver-draft.ts";

const terms: Record<DeliveryView["status"], Term> = {
  waiting: { text: "on its way", tone: "busy" },
  delivered: { text: "arrived", tone: "good" },
  failed: { text: "given up", tone: "bad" },
};

function stateOf({ status, attempts }: DeliveryView): Term {
  return status === "waiting" && attempts > 0 ? { text: "tried again", tone: "wait" } : termOf(terms, status);
}

const columns: readonly Column<DeliveryView>[] = [
  {
    id: "event",
    header: "What",
    width: 170,
    cell: ({ event }) => visible(eventText(event)),
    text: ({ event }) => event,
  },
  {
    id: "status",
    header: "Status",
    width: 110,
    cell: (one) => <Status of={stateOf(one)} />,
    text: ({ status }) => status,
  },
  {
    id: "when",
    header: "When",
    width: 100,
    cell: ({ createdAt }) => <Moment at={createdAt} />,
    text: ({ createdAt }) => createdAt,
  },
  {
    id: "tries",
    header: "Tries",
    width: 60,
    align: "end",
    cell: ({ attempts }) => attempts,
    text: ({ attempts }) => attempts,
    hideBelow: 480,
  },
  {
    id: "why",
    header: "Why not",
    width: 260,
    hideBelow: 620,
    cell: ({ reason }) => <Said>{reason}</Said>,
    text: ({ reason }) => reason ?? "",
  },
  {
    id: "next",
    header: "Tried again",
    width: 100,
    hideBelow: 760,
    cell: ({ nextAttemptAt, status }) =>
      nextAttemptAt === undefined || status !== "waiting" ? null : <Moment at={nextAttemptAt} />,
    text: ({ nextAttemptAt }) => nextAttemptAt ?? "",
  },
  {
    id: "about",
    header: "About",
    width: 120,
    hideBelow: 480,
    cell: ({ taskId, alertIds }) =>
      taskId !== undefined ? (
        <Link to="/tasks/$taskId" params={{ taskId }}>
          the task
        </Link>
      ) : alertIds?.[0] !== undefined ? (
        <Link to="/alerts" search={{ alert: alertIds[0] } as never}>
          {alertIds.length === 1 ? "the alert" : `${alertIds.length} alerts`}
        </Link>
      ) : null,
    text: ({ taskId, alertIds }) => taskId ?? alertIds?.join(" ") ?? "",
  },
  { id: "id", header: "Id", width: 240, optional: true, cell: ({ id }) => <code>{id}</code>, text: ({ id }) => id },
];

/** What a receiver was sent lately, and whether it arrived. */
export function Deliveries({ receiver, onClose }: { receiver: NotificationView; onClose: () => void }) {
  const query = useApi(
    notificationRoutes.listDeliveries,
    { params: { notificationId: receiver.id } },
    { every: "watched" },
  );
  return (
    <Panel
      flush
      title={
        <>
          Sent to <Said>{receiver.name}</Said>
        </>
      }
      note="What does not arrive is tried again for a day, ever more seldom."
      actions={<IconButton label="Close" icon="close" onClick={onClose} />}
    >
      <Loaded query={query} rows={4}>
        {({ items }) => (
          <DataTable
            name="deliveries"
            columns={columns}
            rows={items}
            rowId={({ id }) => id}
            empty="Nothing was sent there yet. Send a test to see whether it arrives."
          />
        )}
      </Loaded>
    </Panel>
  );
}
