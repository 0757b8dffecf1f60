import type { DeadLetter } from "@steward/contracts/dead-letters";
import type { QueueName } from "@steward/contracts/names";
import { deadLetterRoutes } from "@steward/contracts/routes/dead-letters";
import { queueRoutes } from "@steward/contracts/routes/queues";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useApi, useChange } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { plural, queueTitle } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { type Column, DataTable } from "../../ui/data-table.tsx";
import { Empty } from "../../ui/empty.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Moment } from "../../ui/moment.tsx";
import { Panel } from "../../ui/page.tsx";
import { Said } from "../../ui/said.tsx";
import { LetterDetail } from "./letter-detail.tsx";
import { type Moved, MovedLetters } from "./moved-letters.tsx";
import styles from "./workers.module.css";

export function redriveText({ redrive }: DeadLetter): string {
  if (!redrive.possible) return "not possible";
  return redrive.as === "new_job" ? "as a new job" : "as a message";
}

const columns: readonly Column<DeadLetter>[] = [
  {
    id: "what",
    header: "What",
    width: 240,
    cell: ({ pointer, text = "" }) =>
      pointer === undefined ? (
        <span>
          <Badge tone="bad">cannot be read</Badge> <Said mono>{text.slice(0, 80)}</Said>
        </span>
      ) : (
        <span>
          {pointer.kind} <Said mono>{pointer.taskId ?? pointer.id}</Said>
        </span>
      ),
    text: ({ pointer, text = "" }) =>
      pointer === undefined ? text : `${pointer.kind} ${pointer.taskId ?? pointer.id}`,
  },
  {
    id: "reason",
    header: "Why",
    width: 260,
    hideBelow: 480,
    cell: ({ reason }) => <Said>{reason}</Said>,
    text: ({ reason }) => reason,
  },
  {
    id: "sent",
    header: "Sent",
    width: 100,
    cell: ({ sentAt }) => <Moment at={sentAt} />,
    text: ({ sentAt }) => sentAt,
  },
  {
    id: "receives",
    header: "Tries",
    width: 70,
    align: "end",
    hideBelow: 700,
    cell: ({ receives }) => receives,
    text: ({ receives }) => receives,
  },
  {
    id: "redrive",
    header: "Redrive",
    width: 120,
    hideBelow: 560,
    cell: (letter) => <Badge tone={letter.redrive.possible ? "good" : "still"}>{redriveText(letter)}</Badge>,
    text: redriveText,
  },
  {
    id: "tenant",
    header: "Tenant",
    width: 200,
    optional: true,
    cell: ({ pointer }) => <Said mono>{pointer?.tenantId}</Said>,
    text: ({ pointer }) => pointer?.tenantId ?? "",
  },
  {
    id: "message",
    header: "Message",
    width: 220,
    optional: true,
    cell: ({ messageId }) => <Said mono>{messageId}</Said>,
    text: ({ messageId }) => messageId,
  },
];

const page = getRouteApi("/queues/$queue");
const refreshes = [deadLetterRoutes.listDeadLetters, queueRoutes.queueStatus];

/** What nobody could work on, why, and once more or away with it. It is of all tenants. */
export function DeadLetters({ queue }: { queue: QueueName }) {
  const { letter } = page.useSearch();
  const navigate = page.useNavigate();
  const { mayStaff } = useMe();
  const confirm = useConfirm();
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [moved, setMoved] = useState<Moved>();
  // Looking hides them from others for a moment: often is too often.
  const asked = useApi(
    deadLetterRoutes.listDeadLetters,
    { params: { queue }, query: { limit: 100 } },
    { every: "background" },
  );
  const done = (verb: Moved["verb"]) => (answer: Moved["answer"]) => {
    setMoved({ verb, answer });
    setIds(new Set());
  };
  const redrive = useChange(deadLetterRoutes.redriveDeadLetters, { refreshes, onDone: done("redriven") });
  const drop = useChange(deadLetterRoutes.dropDeadLetters, { refreshes, onDone: done("thrown away") });
  const items = asked.data?.items;
  const chosen = useMemo(() => items?.filter(({ messageId }) => ids.has(messageId)) ?? [], [items, ids]);
  const isRunning = redrive.isRunning || drop.isRunning;

  const askRedrive = async (letters: readonly DeadLetter[] | "all") => {
    const yes = await confirm({
      title: letters === "all" ? "Redrive all dead letters" : `Redrive ${plural(letters.length, "dead letter")}`,
      text: `A job is done once more as a new job under its task; anything else is put back into ${queueTitle(queue)} as a message. What is over meanwhile is refused, and stays.`,
      verb: "Redrive",
    });
    if (yes)
      await redrive.run({
        params: { queue },
        body: letters === "all" ? { all: true } : { messageIds: letters.map(({ messageId }) => messageId) },
      });
  };
  const askDrop = async (letters: readonly DeadLetter[] | "all") => {
    const yes = await confirm({
      title:
        letters === "all"
          ? "Throw away what cannot be redriven"
          : `Throw ${plural(letters.length, "dead letter")} away`,
      text: "They are gone for good. What can still be redriven is refused, and stays.",
      verb: "Throw away",
      danger: true,
    });
    if (yes)
      await drop.run({
        params: { queue },
        body: letters === "all" ? { all: true } : { messageIds: letters.map(({ messageId }) => messageId) },
      });
  };

  const may = mayStaff("operator");
  const opened = items?.find(({ messageId }) => messageId === letter);
  return (
    <Panel
      title="Dead letters"
      note="Of all tenants: messages that were received too often."
      flush
      actions={
        may && items !== undefined && items.length > 0 ? (
          chosen.length > 0 ? (
            <>
              <Button icon="retry" busy={isRunning} onClick={() => void askRedrive(chosen)}>
                Redrive {chosen.length}
              </Button>
              <Button icon="remove" tone="danger" busy={isRunning} onClick={() => void askDrop(chosen)}>
                Throw {chosen.length} away
              </Button>
            </>
          ) : (
            <>
              <Button icon="retry" busy={isRunning} onClick={() => void askRedrive("all")}>
                Redrive all
              </Button>
              <Button icon="remove" tone="quiet" busy={isRunning} onClick={() => void askDrop("all")}>
                Throw away what cannot be redriven
              </Button>
            </>
          )
        ) : undefined
      }
    >
      {moved === undefined ? null : <MovedLetters moved={moved} onClose={() => setMoved(undefined)} />}
      <Loaded query={asked} rows={3}>
        {({ items: letters, total, complete }) => (
          <>
            <DataTable
              name="dead letters"
              columns={columns}
              rows={letters}
              rowId={({ messageId }) => messageId}
              onOpen={({ messageId }) => void navigate({ search: { letter: messageId } })}
              {...(letter === undefined ? {} : { open: letter })}
              {...(may ? { selection: { ids, onChange: setIds } } : {})}
              tools={letters.length > 5 ? "all" : "none"}
              empty={
                <Empty title="No dead letters">
                  {total === 0
                    ? "Everything that came was worked on."
                    : `Somebody looks at ${total} just now: they are here again in a minute.`}
                </Empty>
              }
            />
            {complete || letters.length === 0 ? null : (
              <p className={styles["foot"]}>
                About {total} in all. The queue has no pages: redrive these or throw them away to see others.
              </p>
            )}
          </>
        )}
      </Loaded>
      {opened === undefined ? null : (
        <LetterDetail
          letter={opened}
          may={may}
          onClose={() => void navigate({ search: {} })}
          onRedrive={() => void askRedrive([opened])}
          onDrop={() => void askDrop([opened])}
        />
      )}
    </Panel>
  );
}
