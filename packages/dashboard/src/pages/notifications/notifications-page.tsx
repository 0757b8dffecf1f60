import { notificationRoutes } from "@steward/contracts/routes/notifications";
import { getRouteApi } from "@tanstack/react-router";
import { useState } from "react";
import { useApi } from "../../api/use-api.ts";
import { useMe } from "../../me/use-me.ts";
import { Button } from "../../ui/button.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Empty } from "../../ui/empty.tsx";
import { ForTenant } from "../../ui/for-tenant.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page, Panel } from "../../ui/page.tsx";
import { AddReceiver } from "./add-receiver.tsx";
import { Deliveries } from "./deliveries.tsx";
import styles from "./notifications.module.css";
import { Receiver } from "./receiver.tsx";

const route = getRouteApi("/notifications");
/** As many as a tenant may have. */
const mostReceivers = 10;

/** Who is told of what, and whether it arrives. */
export function NotificationsPage() {
  const me = useMe();
  const [isAdding, setAdding] = useState(false);
  return (
    <Page
      title="Notifications"
      lead="Where you are told that a machine is silent or not well, that something waits for a person, and how it ended."
      actions={
        me.tenantId !== undefined && me.may("admin") ? (
          <Button tone="primary" icon="add" onClick={() => setAdding(true)}>
            Add a receiver
          </Button>
        ) : undefined
      }
    >
      <ForTenant needs="admin">
        <Receivers onAdd={() => setAdding(true)} />
        {isAdding ? <AddReceiver onClose={() => setAdding(false)} /> : null}
      </ForTenant>
    </Page>
  );
}

function Receivers({ onAdd }: { onAdd: () => void }) {
  const { receiver: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useApi(notificationRoutes.listNotifications, {}, { every: "background" });
  const choose = (receiver: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, receiver }), replace: true, resetScroll: false });
  return (
    <Loaded
      query={query}
      rows={6}
      empty={({ items }) => items.length === 0}
      emptyState={
        <Panel>
          <Empty
            title="Nobody is told"
            action={
              <Button tone="primary" icon="add" onClick={onAdd}>
                Add a receiver
              </Button>
            }
          >
            <p>
              A webhook (a chat, a pager), an e-mail address or an SNS topic is told when something is wrong, waits, or
              has ended.
            </p>
            <p>
              In a terminal:{" "}
              <Copy text="steward notify add ops@example.org --severity critical" label="Copy the command" />
            </p>
          </Empty>
        </Panel>
      }
    >
      {({ items }) => (
        <>
          <ul className={styles["receivers"]} aria-label="Receivers">
            {items.map((one) => (
              <Receiver key={one.id} receiver={one} isChosen={one.id === chosen} onChoose={choose} />
            ))}
          </ul>
          {items.length >= mostReceivers ? (
            <p className={styles["soft"]}>That is as many as a tenant may have: {mostReceivers}.</p>
          ) : null}
          <Shown receiver={items.find(({ id }) => id === chosen)} onClose={() => choose(undefined)} />
        </>
      )}
    </Loaded>
  );
}

function Shown({
  receiver,
  onClose,
}: {
  receiver: Parameters<typeof Deliveries>[0]["receiver"] | undefined;
  onClose: () => void;
}) {
  if (receiver === undefined) return null;
  return <Deliveries key={receiver.id} receiver={receiver} onClose={onClose} />;
}
