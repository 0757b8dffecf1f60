import type { NotificationView } from "@steward/contracts/notification";
import { notificationRoutes } from "@steward/contracts/routes/notifications";
import { useState } from "react";
import { useChange } from "../../api/use-api.ts";
import { plural, visible } from "../../text.ts";
import { Badge } from "../../ui/badge.tsx";
import { Button } from "../../ui/button.tsx";
import { useConfirm } from "../../ui/confirm.tsx";
import { Facts } from "../../ui/facts.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Menu } from "../../ui/menu.tsx";
import { Moment } from "../../ui/moment.tsx";
import { FieldProblems } from "../../ui/problem.tsx";
import { Said } from "../../ui/said.tsx";
import { toast } from "../../ui/toast.tsx";
import styles from "./notifications.module.css";
import { eventNames, eventsText, kindNames, shownAddress } from "./receiver-draft.ts";
import { useTest } from "./use-test.ts";

/** One receiver: where it is, what it is told, and what can be done with it. */
export function Receiver({
  receiver,
  isChosen,
  onChoose,
}: {
  receiver: NotificationView;
  isChosen: boolean;
  onChoose: (id: string | undefined) => void;
}) {
  const { id, name, kind, events, leastSeverity, quietHours, confirmed, createdAt } = receiver;
  const confirm = useConfirm();
  const remove = useChange(notificationRoutes.deleteNotification, {
    refreshes: [notificationRoutes.listNotifications],
    says: `${visible(name)} is told nothing more`,
  });
  const test = useTest(id);
  const askAndRemove = async () => {
    const yes = await confirm({
      title: `Tell ${visible(name)} no more?`,
      text: (
        <p>
          <Said>{shownAddress(receiver)}</Said> is told nothing from now on, also not what was held for it. What it was
          sent is forgotten.
        </p>
      ),
      verb: "Tell it no more",
      danger: true,
    });
    if (yes && (await remove.run({ params: { notificationId: id } })) !== undefined && isChosen) onChoose(undefined);
  };
  return (
    <li className={styles["receiver"]} data-chosen={isChosen ? "" : undefined}>
      <header>
        <h2>
          <Said>{name}</Said>
        </h2>
        <Badge tone={confirmed ? "good" : "wait"}>{confirmed ? "is told" : "unconfirmed"}</Badge>
        <Menu
          label={`More about ${visible(name)}`}
          items={[
            {
              label: "Copy its address",
              icon: "copy",
              onSelect: () => void navigator.clipboard.writeText(receiver.url).then(() => toast.say("Copied")),
            },
            { label: "Tell it no more…", icon: "remove", danger: true, onSelect: () => void askAndRemove() },
          ]}
        />
      </header>
      <Facts
        items={[
          [kindNames[kind], <Said key="where">{shownAddress(receiver)}</Said>],
          [
            "Told of",
            <span key="events" title={events.map((event) => eventNames[event]?.name ?? event).join("\n")}>
              {eventsText(events)}
            </span>,
          ],
          leastSeverity === "critical" && ["Alerts", "only critical ones"],
          quietHours !== undefined && [
            "Quiet",
            <span key="quiet">
              {quietHours.begins}–{quietHours.ends} <Said>{quietHours.timeZone}</Said>
              {quietHours.exceptCritical ? ", but for critical alerts" : ""}
            </span>,
          ],
          ["Since", <Moment key="since" at={createdAt} />],
        ]}
      />
      {confirmed ? null : <Confirm receiver={receiver} />}
      <footer>
        {confirmed ? (
          <Button icon="play" busy={test.isRunning} onClick={() => void test.run()}>
            Send a test
          </Button>
        ) : null}
        <Button tone="quiet" aria-expanded={isChosen} onClick={() => onChoose(isChosen ? undefined : id)}>
          What it was sent
        </Button>
      </footer>
      {test.result === undefined ? null : (
        <p className={styles["result"]} role="status">
          {test.result.status === "delivered" ? (
            <Badge tone="good">arrived</Badge>
          ) : test.result.attempts === 0 ? (
            <Badge tone="busy">on its way</Badge>
          ) : (
            <>
              <Badge tone="bad">did not arrive</Badge> <Said>{test.result.reason ?? "no answer"}</Said>. Tried{" "}
              {plural(test.result.attempts, "time")}; it is tried again by itself.
            </>
          )}
        </p>
      )}
    </li>
  );
}

/** An address or a topic is told nothing before the code that was sent there is given back. */
function Confirm({ receiver: { id, name, kind } }: { receiver: NotificationView }) {
  const [code, setCode] = useState("");
  const change = useChange(notificationRoutes.confirmNotification, {
    refreshes: [notificationRoutes.listNotifications],
    says: `${visible(name)} is told from now on`,
    quiet: true,
  });
  return (
    <form
      className={styles["confirm"]}
      onSubmit={(event) => {
        event.preventDefault();
        if (code.trim() !== "") void change.run({ params: { notificationId: id }, body: { code: code.trim() } });
      }}
    >
      <TextField
        label="Code"
        hint={
          kind === "sns"
            ? "It was published to the topic."
            : "It was mailed there. Nothing else is before it is given back."
        }
        value={code}
        onChange={setCode}
        mono
        maxLength={40}
      />
      <Button type="submit" tone="primary" busy={change.isRunning} disabled={code.trim() === ""}>
        Confirm
      </Button>
      <FieldProblems error={change.error} />
    </form>
  );
}
